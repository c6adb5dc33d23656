# SPDX-License-Identifier: GPL-3.0-or-later
"""The fusion network: body, face, hands and environment read together, a whole performance given back."""
