/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The certificate in use, and its files. */
#include "hub-web-certificate.h"

#include "hub-clock.h"
#include "hub-file-mark.h"
#include "hub-log.h"

#include <karez.h>

#define LOOK_SECONDS 1
/* A certificate that is about to end is told once a day. */
#define SOON_US (14 * 24 * 3600 * (gint64) G_USEC_PER_SEC)
#define DAY_US (24 * 3600 * (gint64) G_USEC_PER_SEC)

struct _HubWebCertificate
{
  char *paths[2]; /* certificate, key */
  char *host;
  HubFileMark marks[2];
  HubWebPair *pair;
  HubWebPairFault refused; /* of the files, when they are not what is in use */
  gint64 told;             /* when somebody was last told that it ends */
  guint timer;
};

static void
take_marks (HubWebCertificate *self, HubFileMark *marks)
{
  for (guint i = 0; i < 2; i++)
    marks[i] = hub_file_mark_take (self->paths[i]);
}

static gboolean
is_over (HubWebCertificate *self)
{
  return self->pair->expires <= hub_clock_now ();
}

/* The one in use as it is now: time goes on. */
static HubWebPairFault
state_of (HubWebCertificate *self)
{
  if (self->pair->fault == HUB_WEB_PAIR_GOOD && is_over (self))
    return HUB_WEB_PAIR_EXPIRED;
  return self->pair->fault;
}

static void
tell_end (HubWebCertificate *self)
{
  g_autofree char *end = hub_time_format (self->pair->expires);
  gint64 now = hub_clock_now ();

  if (self->pair->expires - now > SOON_US || now - self->told < DAY_US)
    return;
  self->told = now;
  if (is_over (self))
    hub_warning ("web", NULL, "the certificate %s ended at %s; browsers refuse it", self->paths[0],
                 end);
  else
    hub_warning ("web", NULL, "the certificate %s ends at %s", self->paths[0], end);
}

static void
tell_use (HubWebCertificate *self)
{
  g_autofree char *end = hub_time_format (self->pair->expires);

  if (self->pair->fault == HUB_WEB_PAIR_GOOD)
    hub_notice ("web", NULL, "browsers are shown the certificate %s until %s", self->paths[0], end);
  else
    hub_warning ("web", NULL, "the certificate %s is used, and browsers warn of it: %s",
                 self->paths[0], hub_web_pair_fault_name (self->pair->fault));
  self->told = 0;
  tell_end (self);
}

/* Files that are written one after the other do not belong together for a while: what is not taken
 * is read again until it is, or is told to be wrong when it stays. */
void
hub_web_certificate_look (HubWebCertificate *self)
{
  HubFileMark marks[2];
  g_autoptr (HubWebPair) pair = NULL;

  tell_end (self);
  take_marks (self, marks);
  if (hub_file_mark_equal (&marks[0], &self->marks[0])
      && hub_file_mark_equal (&marks[1], &self->marks[1]))
    return;
  pair = hub_web_pair_load (self->paths[0], self->paths[1], self->host);
  memcpy (self->marks, marks, sizeof marks);
  if (HUB_WEB_PAIR_IS_USABLE (pair->fault)
      && (pair->fault == HUB_WEB_PAIR_GOOD || state_of (self) != HUB_WEB_PAIR_GOOD))
    {
      hub_web_pair_free (self->pair);
      self->pair = g_steal_pointer (&pair);
      self->refused = HUB_WEB_PAIR_GOOD;
      tell_use (self);
      return;
    }
  self->refused = pair->fault;
  hub_warning ("web", NULL, "the new certificate %s with %s is not used: %s; the one before stays",
               self->paths[0], self->paths[1], hub_web_pair_fault_name (pair->fault));
}

static gboolean
on_time (gpointer data)
{
  hub_web_certificate_look (data);
  return G_SOURCE_CONTINUE;
}

HubWebCertificate *
hub_web_certificate_new (const char *certificate, const char *key, const char *origin,
                         GError **error)
{
  g_autoptr (HubWebCertificate) self = g_new0 (HubWebCertificate, 1);

  self->paths[0] = g_strdup (certificate);
  self->paths[1] = g_strdup (key);
  self->host = hub_web_pair_host_of (origin);
  take_marks (self, self->marks);
  self->pair = hub_web_pair_load (certificate, key, self->host);
  if (!HUB_WEB_PAIR_IS_USABLE (self->pair->fault))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   "the certificate %s with %s cannot be used: %s", certificate, key,
                   hub_web_pair_fault_name (self->pair->fault));
      return NULL;
    }
  tell_use (self);
  self->timer = g_timeout_add_seconds (LOOK_SECONDS, on_time, self);
  return g_steal_pointer (&self);
}

void
hub_web_certificate_free (HubWebCertificate *self)
{
  g_clear_handle_id (&self->timer, g_source_remove);
  g_clear_pointer (&self->pair, hub_web_pair_free);
  g_free (self->paths[0]);
  g_free (self->paths[1]);
  g_free (self->host);
  g_free (self);
}

GTlsCertificate *
hub_web_certificate_get (HubWebCertificate *self)
{
  return self->pair->tls;
}

JsonNode *
hub_web_certificate_describe (HubWebCertificate *self)
{
  g_autofree char *end = hub_time_format (self->pair->expires);

  return karez_json_object (
      "state", "s", hub_web_pair_fault_name (state_of (self)), "expires_at", "s", end, "refused",
      "s", self->refused != HUB_WEB_PAIR_GOOD ? hub_web_pair_fault_name (self->refused) : NULL,
      NULL);
}
