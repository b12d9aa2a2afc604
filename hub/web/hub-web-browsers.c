/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Browsers in which people have signed in, known by a cookie. */
#include "hub-web-browsers.h"

#include "hub-hash.h"
#include "hub-web-cookies.h"

#include <sodium.h>
#include <string.h>

#define ID_BYTES 16
#define MAX_ACCOUNTS 16
#define MAX_CANDIDATES 4
#define DAYS 180
#define HOUR_US (G_GINT64_CONSTANT (3600) * G_USEC_PER_SEC)

G_STATIC_ASSERT (HUB_WEB_BROWSER_KEY == crypto_auth_KEYBYTES);

struct _HubWebBrowsers
{
  char *cookie; /* its name */
};

/* As it stands in the cookie, all in bytes. */
typedef struct
{
  guint8 until[4]; /* hours since 1970, the highest byte first */
  guint8 tag[crypto_auth_BYTES];
} Entry;

typedef struct
{
  guint8 id[ID_BYTES];
  Entry entries[MAX_ACCOUNTS];
} Known;

G_STATIC_ASSERT (sizeof (Known) == ID_BYTES + MAX_ACCOUNTS * sizeof (Entry));

HubWebBrowsers *
hub_web_browsers_new (const char *hub)
{
  HubWebBrowsers *self = g_new0 (HubWebBrowsers, 1);

  self->cookie = g_strconcat ("__Host-karez-browser-", hub, NULL);
  return self;
}

void
hub_web_browsers_free (HubWebBrowsers *self)
{
  g_free (self->cookie);
  g_free (self);
}

static gsize
encoded_size (gsize bytes)
{
  return (bytes * 4 + 2) / 3;
}

static GPtrArray *
candidates (HubWebBrowsers *self, SoupMessageHeaders *headers)
{
  return hub_web_cookies_list (headers, self->cookie, encoded_size (ID_BYTES + sizeof (Entry)),
                               encoded_size (sizeof (Known)), MAX_CANDIDATES);
}

/* How many entries there are; 0 for what is no cookie of ours. */
static guint
decode (const char *text, Known *known)
{
  g_autoptr (GBytes) bytes = hub_unbase64url (text);
  gsize size = bytes != NULL ? g_bytes_get_size (bytes) : 0;

  if (size > sizeof *known || size < ID_BYTES || (size - ID_BYTES) % sizeof (Entry) != 0)
    return 0;
  memcpy (known, g_bytes_get_data (bytes, NULL), size);
  return (guint) ((size - ID_BYTES) / sizeof (Entry));
}

static guint32
hours_of (const Entry *entry)
{
  guint32 until;

  memcpy (&until, entry->until, sizeof until);
  return GUINT32_FROM_BE (until);
}

static void
make_text (const Known *known, const Entry *entry, guint8 *text)
{
  memcpy (text, known->id, ID_BYTES);
  memcpy (text + ID_BYTES, entry->until, sizeof entry->until);
}

/* The entry that the account's key has signed, or NULL. */
static const Entry *
entry_of_key (const Known *known, guint n, GBytes *key)
{
  guint8 text[ID_BYTES + 4];

  for (guint i = 0; i < n; i++)
    {
      make_text (known, &known->entries[i], text);
      if (crypto_auth_verify (known->entries[i].tag, text, sizeof text,
                              g_bytes_get_data (key, NULL))
          == 0)
        return &known->entries[i];
    }
  return NULL;
}

char *
hub_web_browsers_find (HubWebBrowsers *self, SoupMessageHeaders *headers, GBytes *key, gint64 now)
{
  g_autoptr (GPtrArray) texts = candidates (self, headers);

  if (key == NULL || g_bytes_get_size (key) != HUB_WEB_BROWSER_KEY)
    return NULL;
  for (guint i = 0; i < texts->len; i++)
    {
      Known known;
      guint n = decode (texts->pdata[i], &known);
      const Entry *entry = entry_of_key (&known, n, key);

      if (entry != NULL && hours_of (entry) > now / HOUR_US)
        return hub_base64url (known.id, ID_BYTES);
    }
  return NULL;
}

static void
sign (Known *known, Entry *entry, GBytes *key, gint64 now)
{
  guint32 until = GUINT32_TO_BE ((guint32) (now / HOUR_US + DAYS * 24));
  guint8 text[ID_BYTES + 4];

  memcpy (entry->until, &until, sizeof until);
  make_text (known, entry, text);
  crypto_auth (entry->tag, text, sizeof text, g_bytes_get_data (key, NULL));
}

/* The newest first; who is known already moves there, and what is over goes. */
char *
hub_web_browsers_write (HubWebBrowsers *self, SoupMessageHeaders *headers, GBytes *key, gint64 now)
{
  g_autoptr (GPtrArray) texts = candidates (self, headers);
  g_autofree char *value = NULL;
  const Entry *own;
  Known before, after;
  guint n = 0, kept = 1;

  g_return_val_if_fail (g_bytes_get_size (key) == HUB_WEB_BROWSER_KEY, NULL);

  for (guint i = 0; n == 0 && i < texts->len; i++)
    n = decode (texts->pdata[i], &before);
  if (n > 0)
    memcpy (after.id, before.id, ID_BYTES);
  else
    hub_random (after.id, ID_BYTES);
  own = entry_of_key (&before, n, key);
  for (guint i = 0; i < n && kept < MAX_ACCOUNTS; i++)
    if (&before.entries[i] != own && hours_of (&before.entries[i]) > now / HOUR_US)
      after.entries[kept++] = before.entries[i];
  sign (&after, &after.entries[0], key, now);
  value = hub_base64url ((const guint8 *) &after, ID_BYTES + kept * sizeof (Entry));
  return hub_web_cookies_write (self->cookie, value, DAYS * 24 * 3600);
}
