/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SRTP of one connection, by libsrtp. */
#include "hub-srtp.h"

#include <glib/gi18n.h>
#include <srtp2/srtp.h>

/* Packets that arrive out of order, over several paths and with repairs among them. */
#define WINDOW 2048

struct _HubSrtp
{
  srtp_t send;
  srtp_t receive;
};

gsize
hub_srtp_key_bytes (guint profile)
{
  switch (profile)
    {
    case HUB_SRTP_AES_128_CM_SHA1_80:
    case HUB_SRTP_AEAD_AES_128_GCM:
      return 16;
    case HUB_SRTP_AEAD_AES_256_GCM:
      return 32;
    default:
      return 0;
    }
}

gsize
hub_srtp_salt_bytes (guint profile)
{
  return profile == HUB_SRTP_AES_128_CM_SHA1_80 ? 14 : 12;
}

static void
set_cipher (HubSrtpProfile profile, srtp_policy_t *policy)
{
  switch (profile)
    {
    case HUB_SRTP_AEAD_AES_128_GCM:
      srtp_crypto_policy_set_aes_gcm_128_16_auth (&policy->rtp);
      srtp_crypto_policy_set_aes_gcm_128_16_auth (&policy->rtcp);
      return;
    case HUB_SRTP_AEAD_AES_256_GCM:
      srtp_crypto_policy_set_aes_gcm_256_16_auth (&policy->rtp);
      srtp_crypto_policy_set_aes_gcm_256_16_auth (&policy->rtcp);
      return;
    case HUB_SRTP_AES_128_CM_SHA1_80:
      srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80 (&policy->rtp);
      srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80 (&policy->rtcp);
      return;
    }
  g_assert_not_reached ();
}

static gboolean
open_direction (HubSrtpProfile profile, const guint8 *key, srtp_ssrc_type_t ssrcs, srtp_t *out,
                GError **error)
{
  guint8 copy[HUB_SRTP_MAX_KEY];
  srtp_policy_t policy = { .ssrc = { .type = ssrcs }, .key = copy, .window_size = WINDOW };
  srtp_err_status_t status;

  memcpy (copy, key, hub_srtp_key_bytes (profile) + hub_srtp_salt_bytes (profile));
  set_cipher (profile, &policy);
  status = srtp_create (out, &policy);
  explicit_bzero (copy, sizeof copy);
  return status == srtp_err_status_ok
         || karez_error_set (error, KAREZ_ERROR_UNAVAILABLE, "rtc/srtp", NULL,
                             N_ ("The media keys cannot be used: %s"),
                             status == srtp_err_status_alloc_fail ? "memory" : "libsrtp");
}

static HubSrtp *
make (HubSrtpProfile profile, const guint8 *send, const guint8 *receive, GError **error)
{
  g_autoptr (HubSrtp) self = g_new0 (HubSrtp, 1);

  if (!open_direction (profile, send, ssrc_any_outbound, &self->send, error)
      || !open_direction (profile, receive, ssrc_any_inbound, &self->receive, error))
    return NULL;
  return g_steal_pointer (&self);
}

/* One of each kind of cipher that stays: NSS, by which Debian's libsrtp works, loads its own
 * library of ciphers with the first, and unloads it with the last. */
gboolean
hub_srtp_open_library (GError **error)
{
  static const HubSrtpProfile profiles[] = { HUB_SRTP_AEAD_AES_128_GCM,
                                             HUB_SRTP_AES_128_CM_SHA1_80 };
  static const guint8 key[HUB_SRTP_MAX_KEY] = { 0 };
  static HubSrtp *kept[G_N_ELEMENTS (profiles)];
  static gsize once = 0;

  if (g_once_init_enter (&once))
    {
      g_assert (srtp_init () == srtp_err_status_ok);
      for (guint i = 0; i < G_N_ELEMENTS (profiles); i++)
        kept[i] = make (profiles[i], key, key, NULL);
      g_once_init_leave (&once, 1);
    }
  for (guint i = 0; i < G_N_ELEMENTS (profiles); i++)
    if (kept[i] == NULL)
      return karez_error_set (error, KAREZ_ERROR_UNAVAILABLE, "rtc/srtp", NULL,
                              N_ ("The media keys cannot be used: %s"), "libsrtp");
  return TRUE;
}

HubSrtp *
hub_srtp_new (HubSrtpProfile profile, const guint8 *send, const guint8 *receive, GError **error)
{
  return hub_srtp_open_library (error) ? make (profile, send, receive, error) : NULL;
}

void
hub_srtp_free (HubSrtp *self)
{
  g_clear_pointer (&self->send, srtp_dealloc);
  g_clear_pointer (&self->receive, srtp_dealloc);
  g_free (self);
}

static gboolean
run (srtp_err_status_t (*function) (srtp_t, void *, int *), srtp_t srtp, guint8 *packet,
     gsize *length)
{
  int size = (int) *length;

  if (function (srtp, packet, &size) != srtp_err_status_ok)
    return FALSE;
  *length = (gsize) size;
  return TRUE;
}

gboolean
hub_srtp_protect (HubSrtp *self, guint8 *packet, gsize *length)
{
  return run (srtp_protect, self->send, packet, length);
}

gboolean
hub_srtp_unprotect (HubSrtp *self, guint8 *packet, gsize *length)
{
  return run (srtp_unprotect, self->receive, packet, length);
}

gboolean
hub_srtp_protect_rtcp (HubSrtp *self, guint8 *packet, gsize *length)
{
  return run (srtp_protect_rtcp, self->send, packet, length);
}

gboolean
hub_srtp_unprotect_rtcp (HubSrtp *self, guint8 *packet, gsize *length)
{
  return run (srtp_unprotect_rtcp, self->receive, packet, length);
}

void
hub_srtp_forget (HubSrtp *self, guint32 ssrc)
{
  srtp_remove_stream (self->send, GUINT32_TO_BE (ssrc));
  srtp_remove_stream (self->receive, GUINT32_TO_BE (ssrc));
}
