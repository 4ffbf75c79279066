# The statistics of A/B tests, against statsmodels and gbstats, and by simulation.
import random
from bisect import bisect
from functools import cache
from itertools import accumulate, product
from math import exp, inf, lgamma, log

from gbstats.frequentist.tests import SequentialConfig, SequentialTwoSidedTTest
from gbstats.models.statistics import ProportionStatistic, SampleMeanStatistic
from numpy import errstate
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint, proportions_ztest
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from odoo.tests import BaseCase, tagged

from ..tools.experiments import (
    Sample,
    difference_interval,
    fixed_p_value,
    holm,
    sample_size,
    sequential_interval,
    sequential_p_value,
    sequential_sample_size,
    too_few_events,
    wilson_interval,
)

COUNTS = [(0, 12), (1, 9), (3, 120), (22, 100), (260, 1000), (40, 40), (999, 12345)]


@tagged("post_install", "-at_install")
class TestExperiments(BaseCase):
    def test_wilson_interval_as_in_statsmodels(self):
        for (successes, count), confidence in product(COUNTS, (0.8, 0.95, 0.999)):
            expected = proportion_confint(successes, count, alpha=1 - confidence, method="wilson")
            for found, bound in zip(wilson_interval(successes, count, confidence), expected, strict=True):
                self.assertAlmostEqual(found, bound, 10)

    def test_newcombe_interval_as_in_statsmodels(self):
        for (x1, n1), (x2, n2) in product(COUNTS, COUNTS):
            expected = confint_proportions_2indep(x2, n2, x1, n1, method="newcomb", compare="diff", alpha=0.05)
            found = difference_interval(Sample.of_rate(x1, n1), Sample.of_rate(x2, n2), 0.95)
            for bound, wanted in zip(found, expected, strict=True):
                self.assertAlmostEqual(bound, wanted, 9)

    def test_test_of_two_proportions_as_in_statsmodels(self):
        for (x1, n1), (x2, n2) in product(COUNTS, COUNTS):
            if 0 < x1 + x2 < n1 + n2:
                _z, expected = proportions_ztest([x1, x2], [n1, n2])
                self.assertAlmostEqual(fixed_p_value(Sample.of_rate(x1, n1), Sample.of_rate(x2, n2)), expected, 10)

    def test_numbers_of_the_reference(self):
        """22 of 100 against 20 of 100 is no result; 250 of 1,000 against 200 of 1,000 is one."""
        self.assertAlmostEqual(fixed_p_value(Sample.of_rate(20, 100), Sample.of_rate(22, 100)), 0.73, 2)
        self.assertAlmostEqual(fixed_p_value(Sample.of_rate(200, 1000), Sample.of_rate(250, 1000)), 0.007, 3)

    def test_amounts_as_in_statsmodels(self):
        generator = random.Random(5)
        samples = []
        for count, rate, mean in ((400, 0.1, 90), (650, 0.15, 110)):
            samples.append([generator.expovariate(1 / mean) * (generator.random() < rate) for _number in range(count)])
        one, other = (Sample.of_amounts(len(s), sum(s), sum(v * v for v in s), sum(v != 0 for v in s)) for s in samples)
        compare = CompareMeans(DescrStatsW(samples[1]), DescrStatsW(samples[0]))
        _z, expected = compare.ztest_ind(usevar="unequal")
        self.assertAlmostEqual(fixed_p_value(one, other), expected, 10)
        interval = difference_interval(one, other, 0.9)
        for found, bound in zip(interval, compare.zconfint_diff(alpha=0.1, usevar="unequal"), strict=True):
            self.assertAlmostEqual(found, bound, 8)

    def test_holm_as_in_statsmodels(self):
        generator = random.Random(3)
        for size in (1, 2, 3, 6, 45):
            values = [generator.random() ** 3 for _number in range(size)]
            expected = multipletests(values, method="holm")[1]
            for found, wanted in zip(holm(values), expected, strict=True):
                self.assertAlmostEqual(found, wanted, 12)

    def test_sequential_evidence_as_in_gbstats(self):
        for (x1, n1), (x2, n2), alpha in product(COUNTS, COUNTS, (0.05, 0.01)):
            one, other = Sample.of_rate(x1, n1), Sample.of_rate(x2, n2)
            if one.squared_error + other.squared_error <= 0 or not x1:
                continue  # gbstats refuses a baseline of nothing
            theirs = SequentialTwoSidedTTest(
                ProportionStatistic(n=n1, sum=x1),
                ProportionStatistic(n=n2, sum=x2),
                SequentialConfig(alpha=alpha, difference_type="absolute"),
            )
            if not theirs.variance > 0:
                continue
            with errstate(over="ignore"):  # evidence beyond all floats is a p-value of 0
                self.assertAlmostEqual(sequential_p_value(one, other, alpha), theirs.p_value, 9)
            for found, bound in zip(sequential_interval(one, other, alpha), theirs.confidence_interval, strict=True):
                self.assertAlmostEqual(found, bound, 9)

    def test_sequential_evidence_of_amounts_as_in_gbstats(self):
        one, other = Sample.of_amounts(500, 9000, 600000, 80), Sample.of_amounts(520, 12500, 900000, 95)
        theirs = SequentialTwoSidedTTest(
            SampleMeanStatistic(n=500, sum=9000, sum_squares=600000),
            SampleMeanStatistic(n=520, sum=12500, sum_squares=900000),
            SequentialConfig(alpha=0.05, difference_type="absolute"),
        )
        self.assertAlmostEqual(sequential_p_value(one, other, 0.05), theirs.p_value, 9)
        for found, bound in zip(sequential_interval(one, other, 0.05), theirs.confidence_interval, strict=True):
            self.assertAlmostEqual(found, bound, 9)

    def test_interval_and_evidence_of_a_sequence_agree(self):
        generator = random.Random(8)
        for _number in range(300):
            n1, n2 = generator.randint(20, 4000), generator.randint(20, 4000)
            one = Sample.of_rate(generator.randint(1, n1 - 1), n1)
            other = Sample.of_rate(generator.randint(1, n2 - 1), n2)
            low, high = sequential_interval(one, other, 0.05)
            self.assertEqual(low <= 0 <= high, sequential_p_value(one, other, 0.05) >= 0.05)

    def test_nothing_is_never_a_result(self):
        nothing, all_zero, all_one = Sample.of_rate(0, 0), Sample.of_rate(0, 500), Sample.of_rate(500, 500)
        for one, other in ((nothing, all_one), (all_zero, all_zero), (all_one, all_one), (nothing, nothing)):
            self.assertEqual(fixed_p_value(one, other), 1)
            self.assertEqual(sequential_p_value(one, other, 0.05), 1)
            self.assertTrue(too_few_events(one, other))
        self.assertEqual(sequential_interval(all_zero, all_zero, 0.05), (-inf, inf))
        self.assertEqual(wilson_interval(0, 0, 0.95), (0, 1))

    def test_few_events_are_told(self):
        self.assertTrue(too_few_events(Sample.of_rate(0, 100), Sample.of_rate(8, 100)))
        self.assertFalse(too_few_events(Sample.of_rate(2, 100), Sample.of_rate(8, 100)))
        self.assertTrue(too_few_events(Sample.of_rate(99, 100), Sample.of_rate(98, 100)))
        self.assertTrue(too_few_events(Sample.of_amounts(99, 9, 9, 4), Sample.of_amounts(99, 900, 9000, 50)))

    def test_sample_sizes_of_the_reference(self):
        self.assertEqual(sample_size(0.20, 0.22), 6507)
        self.assertEqual(sample_size(0.20, 0.25), 1091)
        self.assertEqual(sample_size(0.02, 0.03), 3822)
        self.assertIsNone(sample_size(0.2, 0.2))

    def test_sample_sizes_have_the_power_they_promise(self):
        """80 of 100 tests of the size advised find the difference; for the sequence at the latest by then."""
        generator = random.Random(11)
        for rate, hoped in ((0.2, 0.3), (0.1, 0.16)):
            for size, p_value in (
                (sample_size(rate, hoped), fixed_p_value),
                (sequential_sample_size(rate, hoped), lambda one, other: sequential_p_value(one, other, 0.05)),
            ):
                found = 0
                for _number in range(1000):
                    one = Sample.of_rate(_binomial(generator, size, rate), size)
                    other = Sample.of_rate(_binomial(generator, size, hoped), size)
                    found += p_value(one, other) < 0.05
                self.assertGreater(found, 760)
                self.assertLess(found, 850)

    def test_looking_every_hour_at_2000_aa_tests_crowns_at_most_5_percent(self):
        """The same looks at a fixed-horizon p-value crown far more: this is what the sequence is for."""
        for arms, rate in ((2, 0.2), (2, 0.03), (4, 0.2)):
            generator = random.Random(2000 + arms)
            crowned = naive = 0
            for _test in range(2000):
                is_crowned, is_naive = self._look_hourly(generator, arms, rate)
                crowned += is_crowned
                naive += is_naive
            self.assertLessEqual(crowned / 2000, 0.05, f"{arms} arms at {rate}")
            if arms == 2:
                self.assertGreater(naive / 2000, 0.10, "the simulation itself must be able to fail")

    def _look_hourly(self, generator, arms, rate, hours=72, per_hour=30, least=100):
        """One test of arms that do not differ, looked at after each hour.

        :return: whether the sequence, and whether a p-value of one look, ever found a winner
        """
        events = [0] * arms
        crowned = naive = False
        for hour in range(1, hours + 1):
            for arm in range(arms):
                events[arm] += _binomial(generator, per_hour, rate)
            count = hour * per_hour
            if count < least:
                continue
            samples = [Sample.of_rate(happened, count) for happened in events]
            best = max(range(arms), key=lambda arm: events[arm])
            others = [arm for arm in range(arms) if arm != best]
            if any(too_few_events(samples[best], samples[other]) for other in others):
                continue
            pairs = [(first, second) for first in range(arms) for second in range(first + 1, arms)]
            values = holm([sequential_p_value(samples[a], samples[b], 0.05) for a, b in pairs])
            of_pair = dict(zip(pairs, values, strict=True))
            crowned = crowned or all(of_pair[min(best, o), max(best, o)] < 0.05 for o in others)
            if arms == 2:
                naive = naive or fixed_p_value(*samples) < 0.05
        return crowned, naive


def _binomial(generator, count, rate):
    """How many of ``count`` did it. Python draws from a binomial distribution itself from 3.12 on."""
    return bisect(_cumulate(count, rate), generator.random())


@cache
def _cumulate(count, rate):
    """Cumulative binomial distribution."""
    logs = [
        lgamma(count + 1) - lgamma(k + 1) - lgamma(count - k + 1) + k * log(rate) + (count - k) * log(1 - rate)
        for k in range(count)
    ]
    return list(accumulate(map(exp, logs)))
