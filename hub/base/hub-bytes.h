/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <string.h>

G_BEGIN_DECLS

/* Numbers of a wire format: network order, at any alignment. */
static inline void
hub_put16 (guint8 *out, guint16 value)
{
  value = GUINT16_TO_BE (value);
  memcpy (out, &value, sizeof value);
}

static inline void
hub_put32 (guint8 *out, guint32 value)
{
  value = GUINT32_TO_BE (value);
  memcpy (out, &value, sizeof value);
}

static inline void
hub_put64 (guint8 *out, guint64 value)
{
  value = GUINT64_TO_BE (value);
  memcpy (out, &value, sizeof value);
}

static inline guint16
hub_get16 (const guint8 *in)
{
  guint16 value;
  memcpy (&value, in, sizeof value);
  return GUINT16_FROM_BE (value);
}

static inline guint32
hub_get32 (const guint8 *in)
{
  guint32 value;
  memcpy (&value, in, sizeof value);
  return GUINT32_FROM_BE (value);
}

static inline guint64
hub_get64 (const guint8 *in)
{
  guint64 value;
  memcpy (&value, in, sizeof value);
  return GUINT64_FROM_BE (value);
}

G_END_DECLS
