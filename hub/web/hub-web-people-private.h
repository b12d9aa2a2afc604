/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-web-people.h"

G_BEGIN_DECLS

struct _HubWebPeople
{
  HubStore *store;
  KarezStore *scope;
  HubWebSignIns *sign_ins;
  HubWebPasswords *passwords;
  HubWebPolicy *policy;
  char *hub;
  JsonNode *hub_names;
};

/* A request that is being answered. */
typedef struct
{
  HubWebPeople *self;
  KarezRequest *request;
  KarezTransaction *transaction;
  JsonNode *answer;
} HubWebPeopleJob;

HubWebPeopleJob *hub_web_people_job_new (HubWebPeople *self, KarezRequest *request);
void hub_web_people_job_free (HubWebPeopleJob *job);

/* hub-web-people-lists.c; each is a #KarezRouteFunc. @data: HubWebPeople */
void hub_web_people_list_organisations (KarezRequest *request, gpointer data);
void hub_web_people_list_people (KarezRequest *request, gpointer data);
/* With whom the reader sees on record. */
void hub_web_people_list_patients (KarezRequest *request, gpointer data);

G_END_DECLS
