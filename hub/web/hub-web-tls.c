/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The hub's certificate and, where it has one, its own authority. */
#include "hub-web-tls.h"

#include "hub-clock.h"
#include "hub-log.h"
#include "hub-web-authority.h"
#include "hub-web-pair.h"

#define RENEWAL_SECONDS 3600

struct _HubWebTls
{
  GObject parent_instance;

  char *origin, *host;
  char *authority;         /* directory of this host's; NULL: none */
  char *certificate, *key; /* paths; NULL: no TLS */
  HubWebCertificate *pair;
  HubWebRootFile *root;
  guint renewal;
};

G_DEFINE_FINAL_TYPE (HubWebTls, hub_web_tls, G_TYPE_OBJECT)

HubWebTls *
hub_web_tls_new (const char *origin, const char *authority, const char *certificate,
                 const char *key)
{
  HubWebTls *self = g_object_new (HUB_TYPE_WEB_TLS, NULL);

  self->origin = g_strdup (origin);
  self->host = hub_web_pair_host_of (origin);
  if (authority != NULL)
    {
      self->authority = g_build_filename (authority, self->host, NULL);
      /* One file has both. */
      self->certificate = g_build_filename (self->authority, HUB_WEB_AUTHORITY_CERTIFICATE, NULL);
      self->key = g_strdup (self->certificate);
    }
  else
    {
      self->certificate = g_strdup (certificate);
      self->key = g_strdup (key);
    }
  return self;
}

static gboolean
prepare (HubWebTls *self, GError **error)
{
  return hub_web_authority_prepare (self->authority, self->host, hub_clock_now () / G_USEC_PER_SEC,
                                    error);
}

/* In a thread: it waits for the disk. What it reads is not changed once it is made. */
static void
renew (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GError *error = NULL;

  if (prepare (source, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
on_renewed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  if (!g_task_propagate_boolean (G_TASK (result), &error))
    hub_warning ("web", NULL, "the hub's certificate is not renewed: %s", error->message);
}

/* The certificate is read again by itself when it is another. */
static gboolean
on_renewal (gpointer data)
{
  g_autoptr (GTask) task = g_task_new (data, NULL, on_renewed, NULL);

  g_task_set_source_tag (task, on_renewal);
  g_task_run_in_thread (task, renew);
  return G_SOURCE_CONTINUE;
}

gboolean
hub_web_tls_open (HubWebTls *self, GError **error)
{
  if (self->certificate == NULL || self->pair != NULL)
    return TRUE;
  if (self->authority != NULL && !prepare (self, error))
    return FALSE;
  self->pair = hub_web_certificate_new (self->certificate, self->key, self->origin, error);
  if (self->pair == NULL)
    return FALSE;
  if (self->authority != NULL)
    {
      self->root = hub_web_root_file_new (self->authority);
      self->renewal = g_timeout_add_seconds (RENEWAL_SECONDS, on_renewal, self);
    }
  return TRUE;
}

HubWebCertificate *
hub_web_tls_get_certificate (HubWebTls *self)
{
  return self->pair;
}

gboolean
hub_web_tls_has_authority (HubWebTls *self)
{
  return self->authority != NULL;
}

HubWebRootFile *
hub_web_tls_get_root (HubWebTls *self)
{
  return self->root;
}

static void
hub_web_tls_finalize (GObject *object)
{
  HubWebTls *self = HUB_WEB_TLS (object);

  g_clear_handle_id (&self->renewal, g_source_remove);
  g_clear_pointer (&self->root, hub_web_root_file_free);
  g_clear_pointer (&self->pair, hub_web_certificate_free);
  g_free (self->origin);
  g_free (self->host);
  g_free (self->authority);
  g_free (self->certificate);
  g_free (self->key);
  G_OBJECT_CLASS (hub_web_tls_parent_class)->finalize (object);
}

static void
hub_web_tls_class_init (HubWebTlsClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = hub_web_tls_finalize;
}

static void
hub_web_tls_init (HubWebTls *self)
{
}
