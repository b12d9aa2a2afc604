/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define KAREZ_INSIDE
#include "karez-error.h"

#include <string.h>

typedef struct
{
  char *rule;
  char *accepted;
  char *pointer;
  char *format;
  GStrv arguments;
} KarezErrorPrivate;

static void
karez_error_private_init (KarezErrorPrivate *self)
{
}

static void
karez_error_private_copy (const KarezErrorPrivate *from, KarezErrorPrivate *to)
{
  to->rule = g_strdup (from->rule);
  to->accepted = g_strdup (from->accepted);
  to->pointer = g_strdup (from->pointer);
  to->format = g_strdup (from->format);
  to->arguments = g_strdupv (from->arguments);
}

static void
karez_error_private_clear (KarezErrorPrivate *self)
{
  g_free (self->rule);
  g_free (self->accepted);
  g_free (self->pointer);
  g_free (self->format);
  g_strfreev (self->arguments);
}

G_DEFINE_EXTENDED_ERROR (KarezError, karez_error)

static KarezErrorPrivate *
get_private (const GError *error)
{
  return error != NULL && error->domain == KAREZ_ERROR ? karez_error_get_private (error) : NULL;
}

/* The arguments of a format whose only conversion is %s. */
static GStrv
collect_arguments (const char *format, va_list args)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (const char *at = strchr (format, '%'); at != NULL; at = strchr (at + 2, '%'))
    {
      if (at[1] == 's')
        g_strv_builder_add (builder, va_arg (args, const char *));
      else if (at[1] != '%')
        g_error ("an error message takes %%s only: \"%s\"", format);
    }
  return g_strv_builder_end (builder);
}

/* The format with its arguments. A translation that asks for more than there are gets none. */
static char *
fill_in (const char *format, GStrv arguments)
{
  GString *text = g_string_new (NULL);
  guint n = 0, n_arguments = arguments != NULL ? g_strv_length (arguments) : 0;

  for (const char *at = format; *at != '\0'; at++)
    {
      if (at[0] != '%')
        g_string_append_c (text, *at);
      else if (*++at == 's' && n < n_arguments)
        g_string_append (text, arguments[n++]);
      else if (*at == '%')
        g_string_append_c (text, '%');
      else if (*at == '\0')
        break;
    }
  return g_string_free (text, FALSE);
}

GError *
karez_error_new_parts (KarezError code, const char *rule, const char *accepted, const char *format,
                       GStrv arguments)
{
  g_autofree char *message = fill_in (format, arguments);
  GError *error = g_error_new_literal (KAREZ_ERROR, code, message);
  KarezErrorPrivate *self = karez_error_get_private (error);

  self->rule = g_strdup (rule);
  self->accepted = g_strdup (accepted);
  self->format = g_strdup (format);
  self->arguments = g_strdupv (arguments);
  return error;
}

static GError *
new_valist (KarezError code, const char *rule, const char *accepted, const char *format,
            va_list args)
{
  g_auto (GStrv) arguments = collect_arguments (format, args);

  return karez_error_new_parts (code, rule, accepted, format, arguments);
}

GError *
karez_error_new (KarezError code, const char *rule, const char *accepted, const char *format, ...)
{
  GError *error;
  va_list args;

  va_start (args, format);
  error = new_valist (code, rule, accepted, format, args);
  va_end (args);
  return error;
}

gboolean
karez_error_set (GError **error, KarezError code, const char *rule, const char *accepted,
                 const char *format, ...)
{
  va_list args;

  if (error == NULL)
    return FALSE;
  va_start (args, format);
  g_propagate_error (error, new_valist (code, rule, accepted, format, args));
  va_end (args);
  return FALSE;
}

void
karez_error_set_pointer (GError *error, const char *pointer)
{
  KarezErrorPrivate *self = get_private (error);

  g_return_if_fail (self != NULL);

  g_free (self->pointer);
  self->pointer = g_strdup (pointer);
}

const char *
karez_error_get_rule (const GError *error)
{
  KarezErrorPrivate *self = get_private (error);

  return self != NULL ? self->rule : NULL;
}

const char *
karez_error_get_accepted (const GError *error)
{
  KarezErrorPrivate *self = get_private (error);

  return self != NULL ? self->accepted : NULL;
}

const char *
karez_error_get_pointer (const GError *error)
{
  KarezErrorPrivate *self = get_private (error);

  return self != NULL ? self->pointer : NULL;
}

const char *
karez_error_get_format (const GError *error)
{
  KarezErrorPrivate *self = get_private (error);

  return self != NULL ? self->format : NULL;
}

GStrv
karez_error_get_arguments (const GError *error)
{
  KarezErrorPrivate *self = get_private (error);

  return self != NULL ? self->arguments : NULL;
}

char *
karez_error_say (const GError *error, KarezTranslate translate, gpointer data)
{
  KarezErrorPrivate *self = get_private (error);

  /* An error that was prefixed on its way is told as it stands: the prefix has no translation. */
  if (self == NULL || self->format == NULL || translate == NULL)
    return g_strdup (error->message);
  return fill_in (translate (self->format, data), self->arguments);
}
