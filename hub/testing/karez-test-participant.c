/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* People for a live half's test, and what their pages are sent. */
#include "karez-test-worker.h"

static const char *const hospitals[] = { "019ab3c4-0000-7000-8000-00000000000a",
                                         "019ab3c4-0000-7000-8000-00000000000b" };

static void
on_send (KarezParticipant *participant, JsonNode *body, GPtrArray *page)
{
  g_ptr_array_add (page, json_node_ref (body));
}

KarezParticipant *
karez_test_participant_new (guint side, const char *id, const char *name, const char *role,
                            gboolean local, GPtrArray *page)
{
  g_autoptr (KarezActor) actor = NULL;
  KarezParticipant *participant = NULL;

  g_return_val_if_fail (side < 2, NULL);
  g_return_val_if_fail (id != NULL && name != NULL && role != NULL, NULL);

  actor = karez_actor_new (KAREZ_ACTOR_PERSON, id, name, NULL, NULL, NULL);
  participant = karez_participant_new (id, actor, role, hospitals[side], local);
  if (page != NULL)
    g_signal_connect_data (participant, "send", G_CALLBACK (on_send), g_ptr_array_ref (page),
                           (GClosureNotify) (GCallback) g_ptr_array_unref, 0);
  return participant;
}

JsonObject *
karez_test_page_last (GPtrArray *page, const char *type)
{
  g_return_val_if_fail (page != NULL && type != NULL, NULL);

  for (guint i = page->len; i > 0; i--)
    {
      JsonObject *object = json_node_get_object (page->pdata[i - 1]);

      if (g_strcmp0 (karez_json_text (object, "type"), type) == 0)
        return object;
    }
  return NULL;
}
