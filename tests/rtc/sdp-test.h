/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-sdp.h"

#define FINGERPRINT                                                                                \
  "7B:8B:F0:65:5F:78:E2:51:3B:AC:6F:F3:3F:46:1B:35:DC:B8:5F:64:1A:24:C2:43:F0:A1:58:D0:A1:2C:19:"  \
  "08"
#define UFRAG "a=ice-ufrag:F7gI\r\n"
#define LONG_16 "0123456789abcdef"
#define LONG_64 LONG_16 LONG_16 LONG_16 LONG_16
#define LONG_256 LONG_64 LONG_64 LONG_64 LONG_64

/* A file of the corpus. Returns: (transfer full) */
char *sdp_test_load (const char *name);
/* All of @find in @text are replaced; there must be one. Returns: (transfer full) */
char *sdp_test_replace (const char *text, const char *find, const char *by);
/* It must be taken. */
void sdp_test_parse (HubSdpOffer *offer, const char *text);
/* Refused by @rule, and by no other. */
void sdp_test_refuse (const char *text, const char *rule);
/* An offer of @n sections, of @filler bytes more. Returns: (transfer full) */
char *sdp_test_make_offer (guint n, gsize filler);
