/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recognises DICOM files (PS3.10, 7.1). */
#include "consult-dicom.h"

#include <string.h>

#define PREAMBLE 128
#define GROUP_META 0x0002
#define GROUP_IDENTIFYING 0x0008
#define GROUP_PIXELS 0x7fe0
#define UNDEFINED 0xffffffffu
/* So many elements in a row are no accident. */
#define ENOUGH 8

typedef struct
{
  const guint8 *bytes;
  gsize length;
  gboolean big, explicit;
} Form;

static guint
read_16 (const Form *form, gsize at)
{
  const guint8 *b = form->bytes + at;

  return form->big ? b[0] << 8 | b[1] : b[1] << 8 | b[0];
}

static guint32
read_32 (const Form *form, gsize at)
{
  guint first = read_16 (form, at), second = read_16 (form, at + 2);

  return form->big ? (guint32) first << 16 | second : (guint32) second << 16 | first;
}

static gboolean
is_in (const guint8 *vr, const char *list)
{
  for (; *list != '\0'; list += 2)
    if (memcmp (vr, list, 2) == 0)
      return TRUE;
  return FALSE;
}

/* The head of the element at @at: how long it is, 0 if it is none. @value: the value's length */
static gsize
read_head (const Form *form, gsize at, guint32 *value)
{
  const guint8 *vr = form->bytes + at + 4;

  if (!form->explicit)
    {
      *value = read_32 (form, at + 4);
      return 8;
    }
  if (is_in (vr, "OBODOFOLOVOWSQSVUCUNURUTUV"))
    {
      if (at + 12 > form->length || read_16 (form, at + 6) != 0)
        return 0;
      *value = read_32 (form, at + 8);
      return 12;
    }
  if (!is_in (vr, "AEASATCSDADSDTFDFLISLOLTPNSHSLSSSTTMUIULUS"))
    return 0;
  *value = read_16 (form, at + 6);
  return 8;
}

/* Elements of ascending tags and even lengths, from the groups with which data sets begin. */
static gboolean
is_data_set (const Form *form)
{
  guint32 last = 0;
  gsize at = 0;
  guint n = 0;

  while (n < ENOUGH && at + 8 <= form->length)
    {
      guint group = read_16 (form, at);
      guint32 tag = (guint32) group << 16 | read_16 (form, at + 2), value = 0;
      gsize head = read_head (form, at, &value);

      if (n == 0 && group != GROUP_META && group != GROUP_IDENTIFYING)
        return FALSE;
      /* What follows the meta elements may have another form. */
      if (last >> 16 == GROUP_META && group != GROUP_META)
        break;
      if (head == 0 || group > GROUP_PIXELS || (n > 0 && tag <= last))
        return FALSE;
      if (value == UNDEFINED)
        break;
      if (value % 2 != 0)
        return FALSE;
      last = tag;
      at += head + value;
      n++;
    }
  return n >= 2;
}

gboolean
consult_dicom_begins (const guint8 *bytes, gsize length)
{
  static const struct
  {
    gboolean big, explicit;
  } forms[] = { { FALSE, TRUE }, { FALSE, FALSE }, { TRUE, TRUE } };

  if (length >= PREAMBLE + 4 && memcmp (bytes + PREAMBLE, "DICM", 4) == 0)
    return TRUE;
  for (gsize i = 0; i < G_N_ELEMENTS (forms); i++)
    {
      Form form = { bytes, length, forms[i].big, forms[i].explicit };

      if (is_data_set (&form))
        return TRUE;
    }
  return FALSE;
}
