/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The forms that a value of karez.conf may have. */
#include "hub-config-rules.h"

#include "hub-address.h"
#include "hub-id.h"
#include "hub-text.h"

#include <glib/gi18n.h>
#include <string.h>

/* As many as a link has paths and a room has sockets. */
#define MAX_ADDRESSES 4u
#define MAX_SECONDS 63072000

static gboolean
is_port (const char *text)
{
  guint64 number;

  return g_ascii_string_to_unsigned (text, 10, 1, G_MAXUINT16, &number, NULL);
}

/* A name of RFC 1123, or a numeric address. */
static gboolean
is_host (const char *text)
{
  g_auto (GStrv) labels = NULL;

  if (g_hostname_is_ip_address (text))
    return TRUE;
  if (*text == '\0' || strlen (text) > 253)
    return FALSE;
  labels = g_strsplit (text, ".", -1);
  for (guint i = 0; labels[i] != NULL; i++)
    {
      gsize length = strlen (labels[i]);

      if (length == 0 || length > 63 || labels[i][0] == '-' || labels[i][length - 1] == '-'
          || strspn (labels[i], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")
                 != length)
        return FALSE;
    }
  /* What ends in a number is an address, and this is none. */
  return !g_ascii_isdigit (labels[g_strv_length (labels) - 1][0])
         || strspn (labels[g_strv_length (labels) - 1], "0123456789")
                < strlen (labels[g_strv_length (labels) - 1]);
}

static gboolean
is_endpoint (const char *text)
{
  const char *colon = strrchr (text, ':');
  g_autofree char *host = colon != NULL ? g_strndup (text, colon - text) : NULL;
  g_autoptr (GInetAddress) address = NULL;
  gsize length;

  if (host == NULL || !is_port (colon + 1))
    return FALSE;
  length = strlen (host);
  if (*host == '[' && host[length - 1] == ']')
    {
      host[length - 1] = '\0';
      memmove (host, host + 1, length - 1);
      if (strchr (host, ':') == NULL)
        return FALSE;
    }
  else if (strchr (host, ':') != NULL)
    return FALSE;
  address = g_inet_address_new_from_string (host);
  return address != NULL
             ? !g_inet_address_get_is_any (address) && !g_inet_address_get_is_multicast (address)
             : is_host (host);
}

static gboolean
is_local (const char *host)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (host);

  return address != NULL ? g_inet_address_get_is_loopback (address)
                         : g_str_equal (host, "localhost") || g_str_has_suffix (host, ".localhost");
}

/* What a browser would call the same place. Returns: (transfer full): NULL if it is none */
static char *
spell_origin (const char *text)
{
  g_autoptr (GUri) uri = g_uri_parse (text, G_URI_FLAGS_NONE, NULL);
  g_autofree char *host = NULL, *lower = NULL;
  const char *scheme = uri != NULL ? g_uri_get_scheme (uri) : "";
  int port = uri != NULL ? g_uri_get_port (uri) : 0;

  if (!g_str_equal (scheme, "http") && !g_str_equal (scheme, "https"))
    return NULL;
  host = g_uri_get_host (uri) != NULL ? g_hostname_to_ascii (g_uri_get_host (uri)) : NULL;
  lower = host != NULL ? g_ascii_strdown (host, -1) : NULL;
  if (lower == NULL || !is_host (lower) || port == 0 || g_uri_get_userinfo (uri) != NULL)
    return NULL;
  if (port == -1 || port == (g_str_equal (scheme, "http") ? 80 : 443))
    return g_strdup_printf (strchr (lower, ':') != NULL ? "%s://[%s]" : "%s://%s", scheme, lower);
  return g_strdup_printf (strchr (lower, ':') != NULL ? "%s://[%s]:%d" : "%s://%s:%d", scheme,
                          lower, port);
}

static gboolean
check_origin (const char *value, HubConfigFinding *finding)
{
  g_autofree char *spelt = spell_origin (value);
  g_autoptr (GUri) uri = spelt != NULL ? g_uri_parse (spelt, G_URI_FLAGS_NONE, NULL) : NULL;

  if (uri != NULL && g_str_equal (g_uri_get_scheme (uri), "http")
      && !is_local (g_uri_get_host (uri)))
    {
      const char *authority = strstr (spelt, "://") + 3;

      finding->message = N_ ("browsers neither sign in nor give a camera over http");
      finding->accepted = N_ (
          "https://%s, with TLS by [Web] Certificate or a proxy in front of the hub");
      finding->accepted_argument = g_strdup (authority);
      return FALSE;
    }
  if (spelt != NULL && g_ascii_strcasecmp (spelt, value) == 0)
    return TRUE;
  if (spelt == NULL)
    {
      finding->accepted = N_ ("https://HOST or https://HOST:PORT");
      return FALSE;
    }
  finding->message = N_ ("browsers do not call it “%s”");
  finding->accepted = N_ ("%s, as a browser says it");
  finding->accepted_argument = g_steal_pointer (&spelt);
  return FALSE;
}

static gboolean
are_paths (const char *text)
{
  g_auto (GStrv) parts = g_strsplit (text, ";", 32);
  guint n = 0;

  for (guint i = 0; parts[i] != NULL; i++)
    if (*g_strstrip (parts[i]) != '\0')
      {
        if (!g_path_is_absolute (parts[i]) || strchr (parts[i], ';') != NULL)
          return FALSE;
        n++;
      }
  return n > 0;
}

/* However they are written: "::1" and "0:0:0:0:0:0:0:1". */
static gboolean
is_same_address (const char *a, const char *b)
{
  g_autoptr (GInetAddress) one = g_inet_address_new_from_string (a);
  g_autoptr (GInetAddress) other = g_inet_address_new_from_string (b);

  return one != NULL && other != NULL ? g_inet_address_equal (one, other) : g_str_equal (a, b);
}

static gboolean
are_addresses (const char *text, gboolean unicast)
{
  g_auto (GStrv) parts = g_strsplit (text, ",", MAX_ADDRESSES + 1);

  for (guint i = 0; parts[i] != NULL; i++)
    {
      HubAddress address;

      if (i == MAX_ADDRESSES || !g_hostname_is_ip_address (g_strstrip (parts[i])))
        return FALSE;
      if (unicast)
        {
          g_autofree char *bare = g_strdup_printf (strchr (parts[i], ':') != NULL ? "[%s]" : "%s",
                                                   parts[i]);

          if (!hub_address_parse (&address, bare, FALSE))
            return FALSE;
        }
      for (guint j = 0; j < i; j++)
        if (is_same_address (parts[i], parts[j]))
          return FALSE;
    }
  return parts[0] != NULL;
}

/* Enough for one session of four addresses: media, link, and the link's media. */
#define LEAST_PORTS 12

static gboolean
is_range (const char *text)
{
  guint16 low, high;

  return hub_config_range_parse (text, &low, &high) && low >= 1024 && high - low + 1 >= LEAST_PORTS;
}

gboolean
hub_config_range_parse (const char *text, guint16 *low, guint16 *high)
{
  g_auto (GStrv) parts = g_strsplit (text, "-", 3);
  guint64 numbers[2];

  if (g_strv_length (parts) != 2)
    return FALSE;
  for (guint i = 0; i < 2; i++)
    if (!g_ascii_string_to_unsigned (parts[i], 10, 1, G_MAXUINT16, &numbers[i], NULL))
      return FALSE;
  *low = (guint16) numbers[0];
  *high = (guint16) numbers[1];
  return *low <= *high;
}

static gboolean
is_name (const char *value)
{
  return hub_text_check_name (value, strlen (value), NULL, NULL) == HUB_TEXT_RIGHT
         && g_utf8_strlen (value, -1) <= 200;
}

static gboolean
is_listening (const char *value)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (value);

  return address != NULL && !g_inet_address_get_is_multicast (address)
         && !g_str_equal (value, "255.255.255.255");
}

/* What would be accepted instead of @value; NULL if it is. */
static const char *
accepted_instead (HubConfigType type, const char *value)
{
  switch (type)
    {
    case HUB_CONFIG_TEXT:
    case HUB_CONFIG_CONNECTION:
      return *value != '\0' && hub_text_check (value, strlen (value), NULL, NULL) == HUB_TEXT_RIGHT
                 ? NULL
                 : N_ ("a text that is not empty, without control characters");
    case HUB_CONFIG_NAME:
      return is_name (value) ? NULL : N_ ("a name of one line, 1 to 200 characters, that is seen");
    case HUB_CONFIG_UUID:
      return hub_id_is_valid (value) ? NULL : N_ ("a UUID in lower case");
    case HUB_CONFIG_PATH:
      return g_path_is_absolute (value) ? NULL : N_ ("an absolute path");
    case HUB_CONFIG_PATHS:
      return are_paths (value) ? NULL : N_ ("absolute paths, split by ';'");
    case HUB_CONFIG_PORT:
      return is_port (value) ? NULL : N_ ("a whole number from 1 to 65535");
    case HUB_CONFIG_AUTHORITY:
      return g_str_equal (value, "own") ? NULL : N_ ("own, or no Authority");
    case HUB_CONFIG_SWITCH:
      return g_str_equal (value, "yes") || g_str_equal (value, "no") ? NULL : N_ ("yes or no");
    case HUB_CONFIG_SECONDS:
      return g_ascii_string_to_unsigned (value, 10, 0, MAX_SECONDS, NULL, NULL)
                 ? NULL
                 : N_ ("a whole number of seconds from 0 to 63072000, two years");
    case HUB_CONFIG_ADDRESS:
      return is_listening (value) ? NULL
                                  : N_ ("a numeric IP address of this machine, 0.0.0.0 or ::");
    case HUB_CONFIG_ADDRESSES:
      return are_addresses (value, FALSE)
                 ? NULL
                 : N_ ("one to four numeric IP addresses, split by ',', none of them twice");
    case HUB_CONFIG_UNICAST:
      return are_addresses (value, TRUE)
                 ? NULL
                 : N_ ("one to four numeric IP addresses, split by ',', none of them twice, a "
                       "wildcard, multicast or link-local");
    case HUB_CONFIG_ENDPOINT:
      return is_endpoint (value) ? NULL
                                 : N_ ("HOST:PORT, as other hubs dial it: a name, an IPv4 address, "
                                       "or an IPv6 address in brackets");
    case HUB_CONFIG_RANGE:
      return is_range (value) ? NULL : N_ ("LOW-HIGH, from 1024 to 65535, 12 ports or more");
    case HUB_CONFIG_ORIGIN:
      return NULL;
    }
  g_return_val_if_reached (NULL);
}

/* What is easily written around a value, and is a part of it here. */
static gboolean
check_around (const HubConfigKey *key, const char *value, const char *raw,
              HubConfigFinding *finding)
{
  gsize length = strlen (raw);

  if (length > 1 && (*raw == '"' || *raw == '\'') && raw[length - 1] == *raw)
    {
      finding->message = N_ ("the quotation marks would be a part of the value");
      finding->accepted = N_ ("the value without them");
      return FALSE;
    }
  if (length > 0 && strchr (" \t", raw[length - 1]) != NULL)
    {
      finding->message = N_ ("the value ends with a blank");
      finding->accepted = N_ ("the value without blanks at its end");
      return FALSE;
    }
  if (key->type != HUB_CONFIG_TEXT && key->type != HUB_CONFIG_NAME
      && key->type != HUB_CONFIG_CONNECTION
      && (strstr (value, " #") != NULL || strstr (value, "\t#") != NULL))
    {
      finding->message = N_ ("what stands after # would be a part of the value");
      finding->accepted = N_ ("the comment on a line of its own");
      return FALSE;
    }
  return TRUE;
}

gboolean
hub_config_rule_check (const HubConfigKey *key, const char *value, const char *raw,
                       HubConfigFinding *finding)
{
  gboolean text = g_utf8_validate (value, -1, NULL);

  if (text && raw != NULL && !check_around (key, value, raw, finding))
    return FALSE;
  finding->accepted = text ? accepted_instead (key->type, value) : N_ ("text in UTF-8");
  if (finding->accepted == NULL
      && (key->type != HUB_CONFIG_ORIGIN || check_origin (value, finding)))
    return TRUE;
  /* What may hold a password is not shown. */
  if (key->type == HUB_CONFIG_CONNECTION)
    finding->message = N_ ("the value is not accepted");
  else if (*value == '\0')
    finding->message = N_ ("the value is empty");
  else if (finding->message == NULL)
    finding->message = N_ ("“%s” is not accepted");
  if (strstr (finding->message, "%s") != NULL && finding->message_argument == NULL)
    finding->message_argument = hub_config_show (value);
  return FALSE;
}
