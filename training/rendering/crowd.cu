// SPDX-License-Identifier: GPL-3.0-or-later
// Pictures of performers and squares cut out of them, many at a time: on a GPU, or on the processor where compiled as C++.
#include <math.h>
#include <stdint.h>

#ifdef __CUDACC__
#define ITEM __device__ __forceinline__
typedef unsigned long long Key;
template <class Work> __global__ void each(int64_t count, Work work) {
    int64_t item = blockIdx.x * (int64_t)blockDim.x + threadIdx.x;
    if (item < count) work(item);
}
template <class Work> static void run(int64_t count, Work work, void *stream) {
    each<<<(unsigned)((count + 127) / 128), 128, 0, (cudaStream_t)stream>>>(count, work);
}
ITEM void least(Key *at, Key value) { atomicMin(at, value); }
ITEM uint32_t bits(float value) { return __float_as_uint(value); }
#else
#include <string.h>
#define ITEM inline
typedef unsigned long long Key;
template <class Work> static void run(int64_t count, Work work, void *) {
    for (int64_t item = 0; item < count; item++) work(item);
}
ITEM void least(Key *at, Key value) { if (value < *at) *at = value; }
ITEM uint32_t bits(float value) { uint32_t whole; memcpy(&whole, &value, 4); return whole; }
#endif

ITEM int low(int a, int b) { return a < b ? a : b; }
ITEM int high(int a, int b) { return a > b ? a : b; }

// One triangle of one frame into the nearest-first keys (frames, rows, columns): depth above, triangle below.
struct Triangle {
    const float *corners; const int *triangles; int vertices, count, rows, columns; float near; Key *keys;
    ITEM void operator()(int64_t item) const {
        int frame = (int)(item / count), t = (int)(item % count);
        const int *v = triangles + 3 * t;
        const float *at = corners + 3 * (int64_t)frame * vertices;
        const float *a = at + 3 * v[0], *b = at + 3 * v[1], *c = at + 3 * v[2];
        if (a[2] < near || b[2] < near || c[2] < near) return;
        float area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
        if (!(fabsf(area) > 1e-9f)) return;
        float inverse = 1.0f / area;
        float x0 = fminf(a[0], fminf(b[0], c[0])), x1 = fmaxf(a[0], fmaxf(b[0], c[0]));
        float y0 = fminf(a[1], fminf(b[1], c[1])), y1 = fmaxf(a[1], fmaxf(b[1], c[1]));
        if (x1 < 0.0f || y1 < 0.0f || x0 > columns || y0 > rows) return;
        int left = high(0, (int)ceilf(fmaxf(x0, -1.0f) - 0.5f)), right = low(columns - 1, (int)floorf(fminf(x1, columns + 1.0f) - 0.5f));
        int top = high(0, (int)ceilf(fmaxf(y0, -1.0f) - 0.5f)), bottom = low(rows - 1, (int)floorf(fminf(y1, rows + 1.0f) - 0.5f));
        float ia = 1.0f / a[2], ib = 1.0f / b[2], ic = 1.0f / c[2];
        Key *plane = keys + (int64_t)frame * rows * columns;
        for (int y = top; y <= bottom; y++) {
            float py = y + 0.5f;
            for (int x = left; x <= right; x++) {
                float px = x + 0.5f;
                float wa = ((b[0] - px) * (c[1] - py) - (b[1] - py) * (c[0] - px)) * inverse;
                float wb = ((c[0] - px) * (a[1] - py) - (c[1] - py) * (a[0] - px)) * inverse;
                float wc = 1.0f - wa - wb;
                if (wa < 0.0f || wb < 0.0f || wc < 0.0f) continue;
                float depth = 1.0f / (wa * ia + wb * ib + wc * ic);
                least(plane + (int64_t)y * columns + x, ((Key)bits(depth) << 32) | (Key)t);
            }
        }
    }
};

// One pixel of one frame: the nearest triangles' colours at its four samples, else floor or surroundings.
// cameras: for each frame the rotation to world (9), the origin (3). stage: focal, yaw, brightness, floor RGB, floor's
// radius, tiles a metre, contrast of tiles. sky: (256, 512, 3), Z up.
struct Pixel {
    const float *corners, *colours; const int *triangles; int vertices, rows, columns; const Key *keys;
    const float *cameras, *stage, *sky, *shadow; float *picture;
    ITEM void behind(int frame, float px, float py, float *colour) const {
        const float *turn = cameras + 12 * frame, *origin = turn + 9;
        float x = (px - 0.5f * columns) / stage[0], y = (py - 0.5f * rows) / stage[0];
        float ray[3];
        for (int k = 0; k < 3; k++) ray[k] = turn[3 * k] * x + turn[3 * k + 1] * y + turn[3 * k + 2];
        if (ray[2] < -1e-6f) {
            float far = -origin[2] / ray[2], fx = origin[0] + far * ray[0], fy = origin[1] + far * ray[1];
            if (far > 0.0f && fx * fx + fy * fy < stage[6] * stage[6]) {
                float grain = 1.0f + 0.12f * sinf(fx * 9.0f) * sinf(fy * 11.0f);
                int tile = ((int)floorf(fx * stage[7]) + (int)floorf(fy * stage[7])) & 1;
                for (int k = 0; k < 3; k++) colour[k] = stage[3 + k] * grain * (tile ? 1.0f : 1.0f - stage[8]);
                return;
            }
        }
        float length = sqrtf(ray[0] * ray[0] + ray[1] * ray[1] + ray[2] * ray[2]);
        float c = cosf(stage[1]), s = sinf(stage[1]);
        float sx = c * ray[0] + s * ray[1], sy = -s * ray[0] + c * ray[1], sz = ray[2] / length;
        float across = atan2f(sy, sx) / 6.2831853f; across = (across - floorf(across)) * 512.0f - 0.5f;
        float down = acosf(fminf(1.0f, fmaxf(-1.0f, sz))) / 3.1415927f * 256.0f - 0.5f;
        down = fminf(254.999f, fmaxf(0.0f, down));
        int left = (int)floorf(across), top = (int)down; float u = across - left, v = down - top;
        int l = (left + 512) % 512, r = (left + 1) % 512;
        for (int k = 0; k < 3; k++) {
            float above = sky[(top * 512 + l) * 3 + k] * (1 - u) + sky[(top * 512 + r) * 3 + k] * u;
            float below = sky[((top + 1) * 512 + l) * 3 + k] * (1 - u) + sky[((top + 1) * 512 + r) * 3 + k] * u;
            colour[k] = above * (1 - v) + below * v;
        }
    }
    ITEM void operator()(int64_t item) const {
        int x = (int)(item % columns), y = (int)(item / columns % rows), frame = (int)(item / columns / rows);
        const float *at = corners + 3 * (int64_t)frame * vertices, *hue = colours + 3 * (int64_t)frame * vertices;
        float back[3] = {0, 0, 0}, sum[3] = {0, 0, 0}; int known = 0;
        for (int sample = 0; sample < 4; sample++) {
            int fx = 2 * x + (sample & 1), fy = 2 * y + (sample >> 1);
            Key key = keys[((int64_t)frame * 2 * rows + fy) * 2 * columns + fx];
            if (key == ~0ULL) {
                if (!known) {
                    behind(frame, x + 0.5f, y + 0.5f, back); known = 1;
                    float shade = 1.0f - 0.45f * shadow[((int64_t)frame * rows + y) * columns + x];
                    for (int k = 0; k < 3; k++) back[k] *= shade;
                }
                for (int k = 0; k < 3; k++) sum[k] += back[k];
                continue;
            }
            const int *v = triangles + 3 * (int)(key & 0xffffffffULL);
            const float *a = at + 3 * v[0], *b = at + 3 * v[1], *c = at + 3 * v[2];
            float inverse = 1.0f / ((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]));
            float px = fx + 0.5f, py = fy + 0.5f;
            float wa = ((b[0] - px) * (c[1] - py) - (b[1] - py) * (c[0] - px)) * inverse;
            float wb = ((c[0] - px) * (a[1] - py) - (c[1] - py) * (a[0] - px)) * inverse, wc = 1.0f - wa - wb;
            for (int k = 0; k < 3; k++) sum[k] += wa * hue[3 * v[0] + k] + wb * hue[3 * v[1] + k] + wc * hue[3 * v[2] + k];
        }
        for (int k = 0; k < 3; k++) {
            float tone = fmaxf(0.0f, 0.25f * sum[k] * stage[2]);
            tone = tone * (1.0f + tone / 6.0f) / (1.0f + tone);
            picture[3 * item + k] = 255.0f * powf(fminf(1.0f, tone), 1.0f / 2.2f);
        }
    }
};

// One pixel of a square cut out of a picture (tall, wide, 3) of which rows and columns are in use.
// regions: for each square the picture's number, rows, columns, x, y, side, rotation, mirrored.
struct Cut {
    const uint8_t *pictures; int tall, wide; const float *regions; int size; float *squares;
    ITEM void tap(const uint8_t *from, int rows, int columns, float x, float y, float *sum) const {
        x = fminf(columns - 1.0f, fmaxf(0.0f, x - 0.5f)); y = fminf(rows - 1.0f, fmaxf(0.0f, y - 0.5f));
        int l = (int)x, t = (int)y, r = low(l + 1, columns - 1), b = low(t + 1, rows - 1); float u = x - l, v = y - t;
        for (int k = 0; k < 3; k++) {
            float above = from[(t * wide + l) * 3 + k] * (1 - u) + from[(t * wide + r) * 3 + k] * u;
            float below = from[(b * wide + l) * 3 + k] * (1 - u) + from[(b * wide + r) * 3 + k] * u;
            sum[k] += above * (1 - v) + below * v;
        }
    }
    ITEM void operator()(int64_t item) const {
        int x = (int)(item % size), y = (int)(item / size % size); int64_t square = item / size / size;
        const float *region = regions + 8 * square;
        const uint8_t *from = pictures + (int64_t)region[0] * tall * wide * 3;
        int rows = (int)region[1], columns = (int)region[2];
        float scale = region[5] / size, c = cosf(region[6]) * scale, s = sinf(region[6]) * scale;
        if (region[7] > 0.5f) x = size - 1 - x;
        // strong reduction is averaged, as many samples along each axis as whole pixels fit into one
        int taps = region[5] / size > 2.0f ? low(8, (int)(region[5] / size)) : 1;
        float sum[3] = {0, 0, 0};
        for (int i = 0; i < taps; i++) for (int j = 0; j < taps; j++) {
            float px = x + (j + 0.5f) / taps - 0.5f * size, py = y + (i + 0.5f) / taps - 0.5f * size;
            tap(from, rows, columns, region[3] + c * px - s * py, region[4] + s * px + c * py, sum);
        }
        for (int k = 0; k < 3; k++) squares[3 * item + k] = rintf(sum[k] / (taps * taps)) / 255.0f;
    }
};

extern "C" {
void draw(const float *corners, const int *triangles, int frames, int vertices, int count, int rows, int columns,
          float near, void *keys, void *stream) {
    Triangle work = {corners, triangles, vertices, count, rows, columns, near, (Key *)keys};
    run((int64_t)frames * count, work, stream);
}
void paint(const float *corners, const float *colours, const int *triangles, int frames, int vertices, int rows,
           int columns, const void *keys, const float *cameras, const float *stage, const float *sky,
           const float *shadow, float *picture, void *stream) {
    Pixel work = {corners, colours, triangles, vertices, rows, columns, (const Key *)keys, cameras, stage, sky, shadow, picture};
    run((int64_t)frames * rows * columns, work, stream);
}
void cut(const void *pictures, int tall, int wide, const float *regions, int count, int size, float *squares,
         void *stream) {
    Cut work = {(const uint8_t *)pictures, tall, wide, regions, size, squares};
    run((int64_t)count * size * size, work, stream);
}
}
