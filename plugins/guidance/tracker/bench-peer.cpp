/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Plain Lucas-Kanade, by OpenCV, as it is in its tutorial. */
#include "bench-peer.h"

#include <opencv2/video/tracking.hpp>

void
bench_peer_follow (const guint8 *before, const guint8 *now, guint width, guint height,
                   GuidancePoint *points, guint n)
{
  try
    {
      const cv::Mat a (int (height), int (width), CV_8U, const_cast<guint8 *> (before));
      const cv::Mat b (int (height), int (width), CV_8U, const_cast<guint8 *> (now));
      std::vector<cv::Point2f> from, to;
      std::vector<uchar> there;
      std::vector<float> error;
      for (guint i = 0; i < n; i++)
        from.push_back ({ float (points[i].x * width - 0.5), float (points[i].y * height - 0.5) });
      cv::calcOpticalFlowPyrLK (a, b, from, to, there, error, cv::Size (15, 15), 3);
      for (guint i = 0; i < n; i++)
        points[i] = { (to[i].x + 0.5) / width, (to[i].y + 0.5) / height };
    }
  catch (const cv::Exception &)
    {
    }
}
