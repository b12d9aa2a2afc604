/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The root of the hub's own authority, to be handed to PCs and phones. */
#include "ctl-database.h"
#include "ctl.h"

#include "hub-file.h"
#include "hub-web-authority.h"
#include "hub-web-pair.h"

#include <unistd.h>

#define MAX_FILE (64 * 1024)
#define GROUP_OF 2

/* "AB:CD:…", as browsers show it. Returns: (transfer full) */
static char *
make_fingerprint (GTlsCertificate *certificate)
{
  g_autoptr (GByteArray) der = NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char *hash = NULL;

  g_object_get (certificate, "certificate", &der, NULL);
  hash = g_compute_checksum_for_data (G_CHECKSUM_SHA256, der->data, der->len);
  for (guint i = 0; hash[i] != '\0'; i++)
    {
      if (i > 0 && i % GROUP_OF == 0)
        g_string_append_c (text, ':');
      g_string_append_c (text, g_ascii_toupper (hash[i]));
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static CtlStatus
show (Ctl *ctl, char **arguments)
{
  g_autofree char *host = NULL, *path = NULL, *pem = NULL, *fingerprint = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GTlsCertificate) root = NULL;
  g_autoptr (JsonNode) answer = NULL;
  g_autoptr (GError) error = NULL;

  if (!ctl_has_config (ctl))
    return ctl_without_config (ctl);
  if (hub_config_text (ctl->config, "Web", "Authority") == NULL
      || hub_config_text (ctl->config, "Web", "Origin") == NULL)
    {
      g_printerr ("karezctl: %s\n",
                  _ ("this hub has no authority of its own; [Web] Authority=own makes one"));
      return CTL_REFUSED;
    }
  /* What is in the state directory is the hub's user's, who may have put anything there. */
  if (geteuid () == 0 && !ctl_become_hub (ctl, &error))
    return ctl_refuse (error);
  host = hub_web_pair_host_of (hub_config_text (ctl->config, "Web", "Origin"));
  path = g_build_filename (hub_config_text (ctl->config, "Hub", "State"),
                           HUB_WEB_AUTHORITY_DIRECTORY, host, HUB_WEB_AUTHORITY_ROOT, NULL);
  bytes = hub_file_read (path, MAX_FILE, &error);
  if (bytes != NULL)
    root = g_tls_certificate_new_from_pem (g_bytes_get_data (bytes, NULL),
                                           (gssize) g_bytes_get_size (bytes), &error);
  if (root == NULL)
    return ctl_tell_error (path, error);
  g_object_get (root, "certificate-pem", &pem, NULL);
  fingerprint = make_fingerprint (root);
  answer = karez_json_object ("pem", "s", pem, "sha256", "s", fingerprint, "file", "s", path, NULL);
  if (ctl_json (ctl, answer))
    return CTL_OK;
  g_print ("%s", pem);
  /* Not into a file that the first is kept in. */
  g_printerr ("SHA-256 %s\n", fingerprint);
  return CTL_OK;
}

const CtlVerb ctl_certificate_verbs[] = {
  { "", "",
    N_ ("Prints the root of the hub’s own authority, which PCs and phones are to trust, and its "
        "fingerprint"),
    NULL, show },
  { NULL },
};
