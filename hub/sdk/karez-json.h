/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "karez-error.h"

G_BEGIN_DECLS

/* What is accepted from outside: RFC 8259 and nothing else, in UTF-8, no member twice, no U+0000
 * and no half of a surrogate pair in a text, numbers of 64 bits, and these bounds. */
#define KAREZ_JSON_MAX_BYTES (1024 * 1024)
#define KAREZ_JSON_MAX_DEPTH 32

/**
 * karez_json_parse:
 * @bytes: a JSON document
 * @max_bytes: the largest accepted, or 0 for %KAREZ_JSON_MAX_BYTES
 *
 * Reads a document that somebody else wrote. All of it is checked before the parser sees a byte.
 * %KAREZ_ERROR_INVALID says where it breaks, %KAREZ_ERROR_TOO_LARGE what the bound is: besides
 * size and depth, 256 members of an object, and one value for each 8 of @max_bytes, where an object
 * or an array counts as four.
 *
 * Returns: (transfer full): the root
 *
 * Since: 1.0
 */
KAREZ_PUBLIC JsonNode *karez_json_parse (GBytes *bytes, gsize max_bytes, GError **error);

/**
 * karez_json_print:
 *
 * The document after RFC 8259, without white space. A double that is not finite is a mistake of the
 * caller and becomes null.
 *
 * Returns: (transfer full):
 *
 * Since: 1.0
 */
KAREZ_PUBLIC char *karez_json_print (JsonNode *node);
/**
 * karez_json_to_bytes:
 *
 * The same as bytes: what a link, a spool or a file takes.
 *
 * Returns: (transfer full):
 *
 * Since: 1.1
 */
KAREZ_PUBLIC GBytes *karez_json_to_bytes (JsonNode *node);

/**
 * KarezJsonType:
 * Since: 1.0
 */
typedef enum
{
  KAREZ_JSON_TEXT,    /* a string after karez_text_check(); @max counts characters */
  KAREZ_JSON_NAME,    /* a string after karez_text_check_name(), or empty if @min is 0 */
  KAREZ_JSON_UUID,    /* a string, a UUID in the canonical form */
  KAREZ_JSON_TIME,    /* a string, RFC 3339 with an offset */
  KAREZ_JSON_ENUM,    /* a string, one of @accepted, split by '|' */
  KAREZ_JSON_INTEGER, /* a whole number; @min and @max are its bounds */
  KAREZ_JSON_BOOLEAN,
  KAREZ_JSON_OBJECT,
  KAREZ_JSON_ARRAY, /* @max counts elements */
} KarezJsonType;

/**
 * KarezJsonField:
 * @name: the member
 * @type: what it must be
 * @required: whether it may be absent; an absent member and null are the same
 * @min: fewest characters or elements, or the least number; a text that must have characters must
 *   show something
 * @max: most characters or elements, or the greatest number
 * @accepted: (nullable): the words of an enumeration
 *
 * One line of the table that an object is held against.
 *
 * Since: 1.0
 */
typedef struct
{
  const char *name;
  KarezJsonType type;
  gboolean required;
  gint64 min, max;
  const char *accepted;
} KarezJsonField;

/**
 * karez_json_check:
 * @node: (nullable): what was sent
 * @fields: the table, ended by a line whose name is NULL
 *
 * Holds an object against a table: every member known, of its type and within its bounds, every
 * required member there. Every text in it, at any depth and in names of members, is held against
 * karez_text_check(), so that what an object or array holds can be kept although no table describes
 * it. The error's pointer names the member.
 *
 * Returns: (transfer none): the object, or NULL with @error set
 *
 * Since: 1.0
 */
KAREZ_PUBLIC JsonObject *karez_json_check (JsonNode *node, const KarezJsonField *fields,
                                           GError **error);

/**
 * karez_json_text:
 *
 * Members of a checked object. An absent one is NULL, @fallback or an empty list.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC const char *karez_json_text (JsonObject *object, const char *name);
/**
 * karez_json_integer:
 * Since: 1.0
 */
KAREZ_PUBLIC gint64 karez_json_integer (JsonObject *object, const char *name, gint64 fallback);
/**
 * karez_json_boolean:
 * Since: 1.0
 */
KAREZ_PUBLIC gboolean karez_json_boolean (JsonObject *object, const char *name);
/**
 * karez_json_texts:
 *
 * Returns: (transfer full): strings of an array; others in it are left out
 *
 * Since: 1.0
 */
KAREZ_PUBLIC GStrv karez_json_texts (JsonObject *object, const char *name);
/**
 * karez_json_time:
 *
 * Returns: (nullable): microseconds since 1970 UTC in @time
 *
 * Since: 1.0
 */
KAREZ_PUBLIC gboolean karez_json_time (JsonObject *object, const char *name, gint64 *time);

/**
 * karez_json_object:
 * @name: the first member
 * @...: GVariant-like triples: name, type letter as a string, value; ended by NULL
 *
 * Builds an object in one call: "s" text (NULL is left out), "i" gint64, "b" gboolean,
 * "d" double, "n" (transfer full) JsonNode (NULL is left out), "as" GStrv.
 * Integers are given as gint64.
 *
 * Returns: (transfer full):
 *
 * Since: 1.0
 */
KAREZ_PUBLIC JsonNode *karez_json_object (const char *name, ...) G_GNUC_NULL_TERMINATED;
/**
 * karez_json_array:
 * @array: (transfer full) (nullable): NULL is an empty one
 *
 * Returns: (transfer full):
 *
 * Since: 1.1
 */
KAREZ_PUBLIC JsonNode *karez_json_array (JsonArray *array);

/**
 * karez_json_number:
 * @node: (nullable): of an array, say, whose elements no table describes
 * @number: (out): set where it is one
 *
 * Whether it is a number, whole or not.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC gboolean karez_json_number (JsonNode *node, double *number);

G_END_DECLS
