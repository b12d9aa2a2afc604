/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "karez-version.h"

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/**
 * KarezError:
 * @KAREZ_ERROR_FAILED: a fault of ours, or one that nothing here can name (HTTP 500)
 * @KAREZ_ERROR_INVALID: the input breaks a rule; sending it again cannot help (400, 422)
 * @KAREZ_ERROR_UNAUTHENTICATED: nobody is signed in (401)
 * @KAREZ_ERROR_DENIED: this actor may not do this (403)
 * @KAREZ_ERROR_NOT_GRANTED: the plugin's keyfile does not grant this (403)
 * @KAREZ_ERROR_NOT_FOUND: no such thing, or not for this actor (404)
 * @KAREZ_ERROR_CONFLICT: the state of the thing does not allow it now (409)
 * @KAREZ_ERROR_TOO_LARGE: longer, deeper or more than is accepted (413)
 * @KAREZ_ERROR_BUSY: a queue or a rate is full; later it may work (429)
 * @KAREZ_ERROR_UNAVAILABLE: the database, a peer or a worker is away (503)
 * @KAREZ_ERROR_TIMEOUT: no answer within the deadline; the outcome is not known (504)
 *
 * The one error domain. A cancelled call gives %G_IO_ERROR_CANCELLED.
 *
 * Since: 1.0
 */
typedef enum
{
  KAREZ_ERROR_FAILED,
  KAREZ_ERROR_INVALID,
  KAREZ_ERROR_UNAUTHENTICATED,
  KAREZ_ERROR_DENIED,
  KAREZ_ERROR_NOT_GRANTED,
  KAREZ_ERROR_NOT_FOUND,
  KAREZ_ERROR_CONFLICT,
  KAREZ_ERROR_TOO_LARGE,
  KAREZ_ERROR_BUSY,
  KAREZ_ERROR_UNAVAILABLE,
  KAREZ_ERROR_TIMEOUT,
} KarezError;

#define KAREZ_ERROR (karez_error_quark ())
/**
 * karez_error_quark:
 * Since: 1.0
 */
KAREZ_PUBLIC GQuark karez_error_quark (void);

/**
 * KarezTranslate:
 * @msgid: an English message
 * @data: what was given with the function
 *
 * Returns: (transfer none): the message in the reader's language, or @msgid itself
 *
 * Since: 1.0
 */
typedef const char *(*KarezTranslate) (const char *msgid, gpointer data);

/**
 * karez_error_new:
 * @code: what kind of refusal
 * @rule: (nullable): the rule that refused, stable and lower case: "agenda/overlap"
 * @accepted: (nullable): what would be accepted, a translatable sentence without arguments
 * @format: what went wrong, a translatable printf format in which %s is the only conversion
 *
 * An error that can still be said in another language: it keeps @format and the arguments apart.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC GError *karez_error_new (KarezError code, const char *rule, const char *accepted,
                                      const char *format, ...) G_GNUC_PRINTF (4, 5);

/**
 * karez_error_set:
 *
 * As karez_error_new(), stored in @error (which may be NULL). Always returns FALSE.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC gboolean karez_error_set (GError **error, KarezError code, const char *rule,
                                       const char *accepted, const char *format, ...)
    G_GNUC_PRINTF (5, 6);

/**
 * karez_error_set_kinds:
 * @error: one of karez_error_new()
 * @kinds: a letter for each argument of its message: 's' text, 't' a time (RFC 3339, in UTC),
 *   'n' names (JSON, by language)
 *
 * Whoever shows the error says a time by the clocks of its reader, and a name in their language;
 * without this every argument is text. The words never hold a time of their own.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC void karez_error_set_kinds (GError *error, const char *kinds);

/**
 * karez_error_set_accepted:
 *
 * What would be accepted, as a format with arguments of these @kinds; marked with N_().
 *
 * Since: 1.0
 */
KAREZ_PUBLIC void karez_error_set_accepted (GError *error, const char *kinds, const char *format,
                                            ...) G_GNUC_PRINTF (3, 4);

/**
 * karez_error_set_pointer:
 *
 * Names the member of a JSON document that the error is about, as an RFC 6901 pointer.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC void karez_error_set_pointer (GError *error, const char *pointer);

/**
 * karez_error_get_rule:
 *
 * Each is NULL for an error of another domain, or where it was not given.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC const char *karez_error_get_rule (const GError *error);
/**
 * karez_error_get_accepted:
 * Since: 1.0
 */
KAREZ_PUBLIC const char *karez_error_get_accepted (const GError *error);
/**
 * karez_error_get_pointer:
 * Since: 1.0
 */
KAREZ_PUBLIC const char *karez_error_get_pointer (const GError *error);

/**
 * karez_error_translate:
 * @translate: (scope call) (nullable): gives a message in the reader's language
 *
 * The message in the reader's language.
 *
 * Returns: (transfer full):
 *
 * Since: 1.0
 */
KAREZ_PUBLIC char *karez_error_translate (const GError *error, KarezTranslate translate,
                                          gpointer data);

/* For the engine, which carries errors to where their reader is: what karez_error_translate() makes
 * its sentence of; NULL for an error of another domain. */
KAREZ_PRIVATE const char *karez_error_get_format (const GError *error);
KAREZ_PRIVATE GStrv karez_error_get_arguments (const GError *error);
KAREZ_PRIVATE const char *karez_error_get_kinds (const GError *error);
/* The plugin that said it, whose catalogue is asked first; NULL for what the hub says. It is set
 * once, by what called the plugin; nothing happens to an error of another domain. @domain:
 * (nullable) */
KAREZ_PRIVATE const char *karez_error_get_domain (const GError *error);
KAREZ_PRIVATE void karez_error_set_domain (GError *error, const char *domain);
/* "2026-11-25 00:20 UTC+8", or @text itself where it is no time. Returns: (transfer full) */
KAREZ_PRIVATE char *karez_error_format_time (const char *text);
/* The sentence in pieces: words as strings, arguments as {"text"}, {"time"} or {"names"}; none
 * where nothing is said. Returns: (transfer full) */
KAREZ_PRIVATE JsonNode *karez_error_to_parts (const GError *error, KarezTranslate translate,
                                              gpointer data);
KAREZ_PRIVATE JsonNode *karez_error_accepted_to_parts (const GError *error,
                                                       KarezTranslate translate, gpointer data);
/* An error that came from elsewhere. A @format that asks for more @arguments than there are gets
 * none. */
KAREZ_PRIVATE GError *karez_error_new_parts (KarezError code, const char *rule,
                                             const char *accepted, const char *format,
                                             GStrv arguments);

/* Errors as sentences: if (karez_error_is_conflict (error)) … */
#define KAREZ_ERROR_PREDICATE(name, CODE)                                                          \
  static inline gboolean karez_error_is_##name (const GError *error)                               \
  {                                                                                                \
    return g_error_matches (error, KAREZ_ERROR, KAREZ_ERROR_##CODE);                               \
  }
KAREZ_ERROR_PREDICATE (invalid, INVALID)
KAREZ_ERROR_PREDICATE (denied, DENIED)
KAREZ_ERROR_PREDICATE (not_found, NOT_FOUND)
KAREZ_ERROR_PREDICATE (conflict, CONFLICT)
KAREZ_ERROR_PREDICATE (busy, BUSY)
KAREZ_ERROR_PREDICATE (unavailable, UNAVAILABLE)
KAREZ_ERROR_PREDICATE (timeout, TIMEOUT)
#undef KAREZ_ERROR_PREDICATE

G_END_DECLS
