/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A mark, how it looked, and whether that is what is there now. */
#pragma once

#include "guidance-image.hpp"

namespace guidance
{

/* How a mark looked on one frame. */
struct View
{
  FramePtr frame;
  Matx33d m; /* from the frame that it was drawn on */
  Point2f anchor;
  std::vector<Patch> patches;
  /* Points around it, with their own small picture. */
  cv::Rect window;
  Flat flat;
  Points points;
  /* Whether it looks like nothing else of its frame, where that was asked. */
  bool compared = false, unique = false;
};

struct Base
{
  guint64 id;
  Point2f at;
};

struct Mark
{
  guint64 id;
  Points drawn;   /* pixels of its frame */
  Matx33d pixels; /* and how they came of 0..1 */
  Points places;
  std::vector<View> views;
  Pool *pool = nullptr;
  FramePtr waits; /* the frame that it was drawn on, until the pool comes by */
  Matx33d base_m, m;
  Matx33d seen_m; /* where it was when it was last seen, and when */
  gint64 seen_at = G_MININT64;
  std::vector<Base> base;
  Point2f apart, moved; /* as a track's */
  double alike = 0;
  guint good = 0, need = 1, bad = 0, disagreed = 0;
  guint tries = 0, rest = 0;
  bool steady = false; /* most of many points still say where it is, seen or not */
  bool shown = false;
  bool kept = false;  /* what it was drawn on was no frame here */
  gint64 kept_at = 0; /* when it was followed last, there */
  bool first = false; /* it is sought before others, for a second from then on */
  gint64 first_at = G_MININT64;
};
using MarkPtr = std::unique_ptr<Mark>;

/* @m: from the frame that the mark was drawn on */
View view_of (const Mark &mark, const FramePtr &frame, const Matx33d &m);
/* The views whose scale and turn are the nearest to what is expected now, best first. */
std::vector<size_t> nearest_views (const Mark &mark, const Matx33d &m);
/* How much the mark's places are alike by @m, 0 where they are not; mends @m by what they are off.
 * @parts: whether something may lie on a place, but for its middle */
double judge (const Mark &mark, Frame &frame, Matx33d &m, int search, bool parts = false);
enum class Around
{
  AGREES,
  UNKNOWN, /* there is too little to say */
  PARTLY,
  ELSEWHERE
};

/* Holds the points around a view's mark against what is there now, directly, and mends @m by them
 * where most agree. */
Around align (const Mark &mark, const View &view, const Frame &frame, Matx33d &m);
/* Those of a mark's points that are judged: the first one, and those farthest from it. */
Points places_of (const Points &drawn);

} // namespace guidance
