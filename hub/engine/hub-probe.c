/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opens a module in a child process first, with a time limit. */
#include "hub-probe.h"

#include "hub-catalogue.h"
#include "hub-file.h"
#include "hub-log.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_CACHE (1024 * 1024)
#define MAX_ANSWER (64 * 1024)

struct _HubProbe
{
  GObject parent_instance;

  char *worker, *cache;
  guint limit_ms, asked;
  JsonObject *known; /* "path symbol mtime size" → answer */
};

G_DEFINE_FINAL_TYPE (HubProbe, hub_probe, G_TYPE_OBJECT)

typedef struct
{
  char *path, *key;
  GSubprocess *child;
  guint limit_source;
  gboolean hung;
} Look;

static void
look_free (gpointer data)
{
  Look *look = data;

  g_clear_handle_id (&look->limit_source, g_source_remove);
  g_clear_object (&look->child);
  g_free (look->path);
  g_free (look->key);
  g_free (look);
}

static void
load_cache (HubProbe *self)
{
  g_autoptr (GBytes) bytes = self->cache != NULL ? hub_file_read (self->cache, MAX_CACHE, NULL)
                                                 : NULL;
  g_autoptr (JsonNode) node = bytes != NULL ? karez_json_parse (bytes, MAX_CACHE, NULL) : NULL;

  /* A cache that cannot be read is only slower. */
  self->known = node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_dup_object (node)
                                                              : json_object_new ();
}

static void
save_cache (HubProbe *self)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  g_autofree char *text = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;

  if (self->cache == NULL)
    return;
  json_node_set_object (node, self->known);
  text = karez_json_print (node);
  bytes = g_bytes_new (text, strlen (text));
  if (!hub_file_write_durable (self->cache, bytes, 0600, &error))
    hub_warning ("plugins", NULL, "The answers of probes cannot be kept: %s", error->message);
}

/* The error that an answer stands for. */
static gboolean
judge (JsonObject *answer, GError **error)
{
  const char *rule = karez_json_text (answer, "rule");
  const char *message = karez_json_text (answer, "message");

  if (karez_json_boolean (answer, "ok"))
    return TRUE;
  return karez_error_set (error, KAREZ_ERROR_INVALID, rule != NULL ? rule : "plugin/module",
                          karez_json_text (answer, "accepted"), "%s",
                          message != NULL ? message : N_ ("The module does not fit."));
}

/* What a child that ended without an answer did. */
static JsonNode *
describe_end (Look *look)
{
  g_autofree char *message = NULL;
  g_autofree char *name = g_path_get_basename (look->path);

  if (look->hung)
    message = g_strdup_printf ("“%s” hangs while it is loaded.", name);
  else if (g_subprocess_get_if_signaled (look->child))
    message = g_strdup_printf ("“%s” crashes while it is loaded: %s.", name,
                               g_strsignal (g_subprocess_get_term_sig (look->child)));
  else
    message = g_strdup_printf ("“%s” ended the program that loaded it.", name);
  return karez_json_object ("ok", "b", FALSE, "rule", "s",
                            look->hung ? "plugin/hang" : "plugin/crash", "message", "s", message,
                            NULL);
}

/* The answer is the last line. */
static JsonNode *
read_answer (const char *text)
{
  g_autofree char *copy = g_strchomp (g_strdup (text != NULL ? text : ""));
  const char *line = strrchr (copy, '\n');
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (JsonNode) node = NULL;

  line = line != NULL ? line + 1 : copy;
  if (*line != '{')
    return NULL;
  bytes = g_bytes_new (line, strlen (line));
  node = karez_json_parse (bytes, MAX_ANSWER, NULL);
  return node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? g_steal_pointer (&node) : NULL;
}

static void
on_child (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  HubProbe *self = g_task_get_source_object (task);
  Look *look = g_task_get_task_data (task);
  g_autofree char *text = NULL;
  GError *error = NULL;
  g_autoptr (JsonNode) answer = NULL;

  g_clear_handle_id (&look->limit_source, g_source_remove);
  /* A child that crashed may have written what is no UTF-8; that is no answer. */
  if (!g_subprocess_communicate_utf8_finish (G_SUBPROCESS (source), result, &text, NULL, &error)
      && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_subprocess_force_exit (look->child);
      g_task_return_error (task, error);
      return;
    }
  g_clear_error (&error);
  answer = !look->hung && g_subprocess_get_successful (look->child) ? read_answer (text) : NULL;
  if (answer == NULL)
    answer = describe_end (look);
  json_object_set_member (self->known, look->key, json_node_ref (answer));
  save_cache (self);
  if (judge (json_node_get_object (answer), &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static gboolean
on_limit (gpointer data)
{
  Look *look = g_task_get_task_data (data);

  look->limit_source = 0;
  look->hung = TRUE;
  g_subprocess_force_exit (look->child);
  return G_SOURCE_REMOVE;
}

void
hub_probe_look_async (HubProbe *self, const char *path, const char *symbol,
                      GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, data);
  Look *look = g_new0 (Look, 1);
  GError *error = NULL;
  struct stat info = { 0 };

  g_task_set_source_tag (task, hub_probe_look_async);
  g_task_set_task_data (task, look, look_free);
  look->path = g_strdup (path);
  g_stat (path, &info);
  look->key = g_strdup_printf ("%s %s %" G_GINT64_FORMAT ".%09ld %" G_GINT64_FORMAT " %d.%d", path,
                               symbol, (gint64) info.st_mtim.tv_sec, info.st_mtim.tv_nsec,
                               (gint64) info.st_size, KAREZ_API_MAJOR, KAREZ_API_MINOR);
  if (json_object_has_member (self->known, look->key))
    {
      JsonNode *known = json_object_get_member (self->known, look->key);

      if (JSON_NODE_HOLDS_OBJECT (known) && !judge (json_node_get_object (known), &error))
        g_task_return_error (task, error);
      else
        g_task_return_boolean (task, TRUE);
      return;
    }
  look->child = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error, self->worker, "--probe",
                                  path, symbol, NULL);
  if (look->child == NULL)
    {
      g_task_return_error (task, karez_error_new (KAREZ_ERROR_FAILED, "plugin/probe", NULL,
                                                  N_ ("“%s” cannot be started: %s"), self->worker,
                                                  error->message));
      g_error_free (error);
      return;
    }
  self->asked++;
  look->limit_source = g_timeout_add (self->limit_ms, on_limit, task);
  g_subprocess_communicate_utf8_async (look->child, NULL, cancellable, on_child,
                                       g_steal_pointer (&task));
}

gboolean
hub_probe_look_finish (HubProbe *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

guint
hub_probe_get_asked (HubProbe *self)
{
  return self->asked;
}

HubProbe *
hub_probe_new (const char *worker, const char *cache, guint limit_ms)
{
  HubProbe *self = g_object_new (HUB_TYPE_PROBE, NULL);

  self->worker = g_strdup (worker);
  self->cache = g_strdup (cache);
  self->limit_ms = limit_ms;
  load_cache (self);
  return self;
}

static void
hub_probe_finalize (GObject *object)
{
  HubProbe *self = HUB_PROBE (object);

  g_free (self->worker);
  g_free (self->cache);
  json_object_unref (self->known);

  G_OBJECT_CLASS (hub_probe_parent_class)->finalize (object);
}

static void
hub_probe_class_init (HubProbeClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = hub_probe_finalize;
}

static void
hub_probe_init (HubProbe *self)
{
}
