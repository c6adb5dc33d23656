# SPDX-License-Identifier: GPL-3.0-or-later
"""Human limits and exertion: what a body can do, measured on takes and, where asked, enforced."""
