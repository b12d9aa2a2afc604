/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The key agreement and the authenticated encryption of a link. */
#include "hub-link-seal.h"

#include <sodium.h>

G_STATIC_ASSERT (HUB_LINK_KEY_BYTES == crypto_kx_PUBLICKEYBYTES);
G_STATIC_ASSERT (HUB_LINK_KEY_BYTES == crypto_kx_SESSIONKEYBYTES);
G_STATIC_ASSERT (HUB_LINK_KEY_BYTES == crypto_aead_chacha20poly1305_ietf_KEYBYTES);
G_STATIC_ASSERT (HUB_LINK_TAG_BYTES == crypto_aead_chacha20poly1305_ietf_ABYTES);
G_STATIC_ASSERT (crypto_aead_chacha20poly1305_ietf_NPUBBYTES == 12);

struct _HubLinkPair
{
  guint8 public_key[crypto_kx_PUBLICKEYBYTES];
  guint8 secret_key[crypto_kx_SECRETKEYBYTES];
};

struct _HubLinkSeal
{
  guint8 key_in[HUB_LINK_KEY_BYTES];
  guint8 key_out[HUB_LINK_KEY_BYTES];
  guint64 link_in;
  guint64 link_out;
  guint32 own_generation;
};

typedef enum
{
  FROM_HOST = 1,
  FROM_MIRROR = 2,
} Direction;

typedef enum
{
  PURPOSE_KEY = 1,
  PURPOSE_LINK = 2,
} Purpose;

HubLinkPair *
hub_link_pair_new (void)
{
  HubLinkPair *self;

  if (sodium_init () < 0)
    g_error ("libsodium cannot start");
  /* A guarded page of its own; the only failure is no memory, which ends any GLib program. */
  self = sodium_malloc (sizeof *self);
  if (self == NULL)
    g_error ("no memory for a key");
  crypto_kx_keypair (self->public_key, self->secret_key);
  sodium_mprotect_readonly (self);
  return self;
}

void
hub_link_pair_free (HubLinkPair *self)
{
  sodium_free (self);
}

const guint8 *
hub_link_pair_get_public (const HubLinkPair *self)
{
  return self->public_key;
}

/* BLAKE2b keyed by the direction's shared key, over everything both ends must agree on. */
static void
derive (guint8 *out, gsize out_length, const guint8 *shared, Purpose purpose, Direction direction,
        const HubLinkTerms *terms, const guint8 *own_public, const guint8 *peer_public)
{
  static const char context[] = "karez-link-1";
  const guint8 *host_key = terms->host ? own_public : peer_public;
  const guint8 *mirror_key = terms->host ? peer_public : own_public;
  guint8 purpose_byte = purpose, direction_byte = direction, generations[8], length[4];
  crypto_generichash_state state;

  hub_put32 (generations, terms->host ? terms->own_generation : terms->peer_generation);
  hub_put32 (generations + 4, terms->host ? terms->peer_generation : terms->own_generation);
  hub_put32 (length, (guint32) strlen (terms->session));

  crypto_generichash_init (&state, shared, HUB_LINK_KEY_BYTES, out_length);
  crypto_generichash_update (&state, (const guint8 *) context, sizeof context - 1);
  crypto_generichash_update (&state, &purpose_byte, 1);
  crypto_generichash_update (&state, length, sizeof length);
  crypto_generichash_update (&state, (const guint8 *) terms->session, strlen (terms->session));
  crypto_generichash_update (&state, host_key, HUB_LINK_KEY_BYTES);
  crypto_generichash_update (&state, mirror_key, HUB_LINK_KEY_BYTES);
  crypto_generichash_update (&state, generations, sizeof generations);
  crypto_generichash_update (&state, &direction_byte, 1);
  crypto_generichash_final (&state, out, out_length);
  sodium_memzero (&state, sizeof state);
}

HubLinkSeal *
hub_link_seal_new (const HubLinkPair *pair, const guint8 *peer_public, const HubLinkTerms *terms)
{
  guint8 in[HUB_LINK_KEY_BYTES], out[HUB_LINK_KEY_BYTES];
  guint8 digest[crypto_generichash_BYTES_MIN];
  Direction outgoing = terms->host ? FROM_HOST : FROM_MIRROR;
  Direction incoming = terms->host ? FROM_MIRROR : FROM_HOST;
  const guint8 *own = pair->public_key;
  HubLinkSeal *self;
  int refused;

  refused = terms->host
                ? crypto_kx_server_session_keys (in, out, own, pair->secret_key, peer_public)
                : crypto_kx_client_session_keys (in, out, own, pair->secret_key, peer_public);
  if (refused)
    return NULL;

  self = sodium_malloc (sizeof *self);
  if (self == NULL)
    g_error ("no memory for a key");
  derive (self->key_in, sizeof self->key_in, in, PURPOSE_KEY, incoming, terms, own, peer_public);
  derive (self->key_out, sizeof self->key_out, out, PURPOSE_KEY, outgoing, terms, own, peer_public);
  derive (digest, sizeof digest, in, PURPOSE_LINK, incoming, terms, own, peer_public);
  self->link_in = hub_get64 (digest);
  derive (digest, sizeof digest, out, PURPOSE_LINK, outgoing, terms, own, peer_public);
  self->link_out = hub_get64 (digest);
  self->own_generation = terms->own_generation;
  sodium_memzero (in, sizeof in);
  sodium_memzero (out, sizeof out);
  sodium_mprotect_readonly (self);
  return self;
}

void
hub_link_seal_free (HubLinkSeal *self)
{
  sodium_free (self);
}

guint64
hub_link_seal_get_incoming (const HubLinkSeal *self)
{
  return self->link_in;
}

static void
write_nonce (guint8 *nonce, guint32 stream, guint64 sequence)
{
  hub_put32 (nonce, stream);
  hub_put64 (nonce + 4, sequence);
}

gsize
hub_link_seal_close (const HubLinkSeal *self, guint32 stream, guint64 sequence,
                     const guint8 *payload, gsize length, guint8 *out)
{
  guint8 nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];
  unsigned long long sealed = 0;
  const HubLinkHeader header = { .stream = stream,
                                 .generation = self->own_generation,
                                 .link = self->link_out,
                                 .sequence = sequence };

  g_assert (length <= HUB_LINK_MAX_PAYLOAD);
  hub_link_header_write (&header, out);
  write_nonce (nonce, stream, sequence);
  crypto_aead_chacha20poly1305_ietf_encrypt (out + HUB_LINK_HEADER_BYTES, &sealed, payload, length,
                                             out, HUB_LINK_HEADER_BYTES, NULL, nonce,
                                             self->key_out);
  return HUB_LINK_HEADER_BYTES + (gsize) sealed;
}

gboolean
hub_link_seal_open (const HubLinkSeal *self, const HubLinkHeader *header, const guint8 *datagram,
                    gsize length, guint8 *out, gsize *out_length)
{
  guint8 nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];
  unsigned long long opened = 0;

  write_nonce (nonce, header->stream, header->sequence);
  if (crypto_aead_chacha20poly1305_ietf_decrypt (
          out, &opened, NULL, datagram + HUB_LINK_HEADER_BYTES, length - HUB_LINK_HEADER_BYTES,
          datagram, HUB_LINK_HEADER_BYTES, nonce, self->key_in)
      != 0)
    return FALSE;
  *out_length = (gsize) opened;
  return TRUE;
}
