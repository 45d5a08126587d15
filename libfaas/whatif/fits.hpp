// Parts of a fit; for laws.cpp only.
#pragma once

#include "libfaas/whatif/laws.hpp"
#include "libfaas/whatif/windows.hpp"

namespace faas::whatif {

/// Round trip, time per byte, their course and scatter.
void fit_link(const recording& from, size_t site, double window_ms, gap by,
              site_fit& to);
/// Lines, level and scatter of service times. `profiles`: by function, used
/// where a function has too few events at the site.
void fit_service(const recording& from, size_t site, double window_ms, gap by,
                 const std::vector<forecast::straight_line>& profiles,
                 site_fit& to);
/// The line of one function over all sites: the one with most events has the
/// word.
forecast::straight_line fit_profile(const recording& from, size_t function);
void fit_cold(const recording& from, size_t site, site_fit& to);
/// Times in which the site was no candidate.
std::vector<sim::absence> fit_absences(const recording& from, size_t site,
                                       double window_ms);

} // namespace faas::whatif
