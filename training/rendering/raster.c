// SPDX-License-Identifier: GPL-3.0-or-later
// A z-buffered triangle rasteriser with colours given at the corners.
#include <math.h>

static int least(int a, int b) { return a < b ? a : b; }
static int most(int a, int b) { return a > b ? a : b; }

// corners: count of vertices by x, y in pixels and depth; colours: RGB for each vertex; triangles: three vertices each.
// depth (rows * columns) and picture (rows * columns * 3) are drawn into; nearer than `near` is left out.
void draw(const float *corners, const float *colours, const int *triangles, int count, float near, int rows,
          int columns, float *depth, float *picture) {
    for (int t = 0; t < count; t++) {
        const int *v = triangles + 3 * t;
        const float *a = corners + 3 * v[0], *b = corners + 3 * v[1], *c = corners + 3 * v[2];
        if (a[2] < near || b[2] < near || c[2] < near) continue;
        float area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
        if (fabsf(area) < 1e-9f) continue;
        float inverse = 1.0f / area;
        int left = most(0, (int)ceilf(fminf(a[0], fminf(b[0], c[0])) - 0.5f));
        int right = least(columns - 1, (int)floorf(fmaxf(a[0], fmaxf(b[0], c[0])) - 0.5f));
        int top = most(0, (int)ceilf(fminf(a[1], fminf(b[1], c[1])) - 0.5f));
        int bottom = least(rows - 1, (int)floorf(fmaxf(a[1], fmaxf(b[1], c[1])) - 0.5f));
        float ia = 1.0f / a[2], ib = 1.0f / b[2], ic = 1.0f / c[2];
        const float *ca = colours + 3 * v[0], *cb = colours + 3 * v[1], *cc = colours + 3 * v[2];
        for (int y = top; y <= bottom; y++) {
            float py = y + 0.5f;
            for (int x = left; x <= right; x++) {
                float px = x + 0.5f;
                float wa = ((b[0] - px) * (c[1] - py) - (b[1] - py) * (c[0] - px)) * inverse;
                float wb = ((c[0] - px) * (a[1] - py) - (c[1] - py) * (a[0] - px)) * inverse;
                float wc = 1.0f - wa - wb;
                if (wa < 0.0f || wb < 0.0f || wc < 0.0f) continue;
                float z = 1.0f / (wa * ia + wb * ib + wc * ic);
                int at = y * columns + x;
                if (z >= depth[at]) continue;
                depth[at] = z;
                for (int k = 0; k < 3; k++) picture[3 * at + k] = wa * ca[k] + wb * cb[k] + wc * cc[k];
            }
        }
    }
}

// Unit normals of smooth surfaces: the areas' normals summed at the vertices.
void normals(const float *points, int vertices, const int *triangles, int count, float *result) {
    for (int i = 0; i < 3 * vertices; i++) result[i] = 0.0f;
    for (int t = 0; t < count; t++) {
        const int *v = triangles + 3 * t;
        const float *a = points + 3 * v[0], *b = points + 3 * v[1], *c = points + 3 * v[2];
        float u[3], w[3];
        for (int k = 0; k < 3; k++) { u[k] = b[k] - a[k]; w[k] = c[k] - a[k]; }
        float n[3] = {u[1] * w[2] - u[2] * w[1], u[2] * w[0] - u[0] * w[2], u[0] * w[1] - u[1] * w[0]};
        for (int i = 0; i < 3; i++) for (int k = 0; k < 3; k++) result[3 * v[i] + k] += n[k];
    }
    for (int i = 0; i < vertices; i++) {
        float *n = result + 3 * i, length = sqrtf(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]) + 1e-12f;
        for (int k = 0; k < 3; k++) n[k] /= length;
    }
}
