/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What a text of people's may hold. One rule set for everything that is kept and shown. */
typedef enum
{
  HUB_TEXT_RIGHT,
  HUB_TEXT_UTF8,    /* not UTF-8: also half of a surrogate pair, and U+0000 */
  HUB_TEXT_CONTROL, /* a control character or noncharacter: it shows nothing and may hide something
                     */
  HUB_TEXT_LINE,    /* a line break or tab in a name */
  HUB_TEXT_DIRECTION, /* a bidirectional control in a name, which would reorder what stands around
                       */
  HUB_TEXT_BLANK,     /* a name of which nothing is seen */
} HubTextFault;

/**
 * hub_text_check:
 * @text: @length bytes
 * @position: (out) (optional): the first character that is not accepted, counted from 1
 * @character: (out) (optional): which that is; 0 where it is none
 *
 * A text of several lines: UTF-8 without control characters other than tab, line feed and carriage
 * return (C0, delete, C1) and without noncharacters (Unicode 15, section 23.7).
 */
HubTextFault hub_text_check (const char *text, gsize length, gsize *position, gunichar *character);

/* A name, as hub_text_check(): of one line, without embeddings, overrides and isolates (Unicode
 * Standard Annex 9), and with something to see. */
HubTextFault hub_text_check_name (const char *text, gsize length, gsize *position,
                                  gunichar *character);

/* Whether nothing of a valid text is seen: white space, controls and what Unicode lets a display
 * leave out. */
gboolean hub_text_is_blank (const char *text);

G_END_DECLS
