"""Ways that know the world are shown, and are nobody's rivals."""
import pathlib
import sys
import unittest

ROOT = pathlib.Path(__file__).parents[3]
sys.path[:0] = [str(ROOT / "tools/routing-study"), str(ROOT / "tools")]
import many_sites  # noqa: E402
import routing  # noqa: E402
import study_page  # noqa: E402
import study_plots  # noqa: E402

KNOWING = ["clairvoyant", "informed", "farsighted"]
LEARNED = ["min-latency", "jsq", "c3"]


def study():
    """The references are the better in everything."""
    means = dict(zip(KNOWING + LEARNED, (1, 2, 3, 40, 50, 60), strict=True))
    figures = {policy: {key: (mean, 0.5)
                        for key in ("regret_ms", "mean_ms", "p99_ms",
                                    "coverage", "kept", "after_ms")}
               for policy, mean in means.items()}
    rows = [{"policy": policy, **of,
             "regret_ms_over_ours": (of["regret_ms"][0] - 40, 0.5)}
            for policy, of in figures.items()]
    part = {"rows": rows, "scenarios": {"one": figures}}
    return {"shown": list(means), "rivals": LEARNED[1:], "seeds": 2,
            "evaluation": part, "held_out": part,
            "steps": {"50000": figures, "110000": figures}}


class References(unittest.TestCase):
    def test_all_that_know_the_world_are_shown(self):
        self.assertEqual(routing.REFERENCES, KNOWING)
        self.assertIn("farsighted", many_sites.PLOTTED)
        self.assertFalse(set(KNOWING) & set(routing.SPACES))
        self.assertFalse(set(KNOWING) & set(many_sites.POLICIES))

    def test_checks_compare_with_what_has_learned(self):
        checks = routing.checks(study())
        self.assertTrue(checks[0]["holds"])
        self.assertIn("best rival jsq: +10.00", checks[0]["seen"])
        self.assertTrue(checks[1]["holds"])
        self.assertEqual(study_page.held_out_wins(study()), (1, 1, 1))

    def test_pictures_shade_what_has_learned(self):
        picture = study_plots.heat_map(study())
        self.assertEqual(picture.count('fill="#eee"'), 2)
        self.assertIn('fill="rgb(200,225,190)"', picture)  # the best: ours
        bars = study_plots.bars(study(), "regret_ms", "title", "note")
        self.assertEqual(bars.count('fill="#bbb"'), 2)
