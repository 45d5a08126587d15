// What serves the events of a site while a run goes on.
#pragma once

#include "libfaas/sim/draw.hpp"

#include <cstdint>
#include <limits>
#include <vector>

namespace faas::sim {

/// Who knows how much of the future of an event.
enum class knowledge : uint8_t {
  draws, ///< the clairvoyant: what was drawn for it
  laws   ///< the informed: only the laws, and who has returned
};

/// What a site tells of an event; ms.
struct passage {
  double at_site = 0; ///< arrival there
  double end = 0;
  double queue_ms = 0, service_ms = 0, cold_ms = 0; ///< as a node reports them
  bool dropped = false; ///< it was not begun
  double batch_ms = 0, batch_size = 0; ///< of the batch that it shared; 0: none
  size_t behind = 0; ///< events of it that are told later
};

/// An event of which it is known now what becomes of it.
struct settled {
  uint32_t flight = 0;
  passage way;
};

/// The true state, and for either knowledge the one that is expected from what
/// was sent so far, with what is still on its way taken as ahead. Thread rule:
/// one owner.
class site_servers {
public:
  static constexpr double never = std::numeric_limits<double>::infinity();

  virtual ~site_servers() = default;

  /// After how long (from now) an event would be done that is sent now and will
  /// arrive at `there`.
  virtual double expect(const draw& event, double there, double now,
                        knowledge what) const
    = 0;
  /// Work of others that by the laws will be ahead of an event that arrives at
  /// `there`, ms of one server: it waits for that over the number of servers.
  virtual double ahead_ms(const draw& event, double there, double now) const
    = 0;
  /// How much of what expect() says by the laws is its function's loading.
  virtual double cold_ms(const draw& event, double there, double now) const = 0;
  /// It is sent: arrives at `there`, by the laws at `by_laws`.
  virtual void sent(draw& event, double there, double by_laws, double now) = 0;
  /// Who knows only the laws learns that it is back, on a way of that long.
  virtual void returned(const draw& event, double back_ms, double now) = 0;

  /// It has arrived. Adds what is settled.
  virtual void arrive(uint32_t flight, const draw& event, double now,
                      std::vector<settled>& done)
    = 0;
  /// When it has to be called although nothing arrives; infinity: need not.
  virtual double next() const { return never; }
  /// It is that time.
  virtual void go_on(double, std::vector<settled>&) {}
  /// All is lost, and the servers are back then; what comes before waits.
  virtual void crash(double until) = 0;
};

} // namespace faas::sim
