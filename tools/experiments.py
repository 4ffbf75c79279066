# The statistics of A/B tests, in pure Python: intervals, tests, corrections, sequential evidence, sample sizes.
"""Formulas and where they come from. All of them are checked against statsmodels and gbstats in the tests.

* Interval of a rate: Wilson (1927). Difference of two rates: Newcombe (1998), method 10, built on Wilson.
* Fixed horizon: z test of two proportions with pooled variance; for means, Welch's z test.
* Sequential: asymptotic confidence sequence with a normal mixture (Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas:
  "Time-uniform central limit theory and asymptotic confidence sequences", 2021). The p-value stays valid however often
  one looks.
* Several comparisons: Holm (1979).
* Sample size: two proportions, unpooled variance, two-sided.
"""

from dataclasses import dataclass
from math import exp, log, sqrt
from statistics import NormalDist

NORMAL = NormalDist()
# number of observations for which the confidence sequence is tightest; has to be chosen before the first look
SEQUENTIAL_TUNING = 5000
# fewer expected successes or failures than this make the normal approximation untrue (Cochran 1954)
MIN_EXPECTED = 5


@dataclass(frozen=True)
class Sample:
    """What was observed in one arm: ``count`` recipients with this mean and variance of the outcome.

    ``events`` says how many recipients had an outcome other than nothing.
    """

    count: int
    mean: float
    variance: float
    events: int
    is_rate: bool = True

    @classmethod
    def of_rate(cls, successes, count):
        """A sample of yes or no. More successes than recipients, as happens when one orders twice, count as all.

        :param int successes: recipients who did it
        :param int count: recipients
        """
        successes = max(0, min(successes, count))
        mean = successes / count if count else 0.0
        return cls(count, mean, mean * (1 - mean), successes)

    @classmethod
    def of_amounts(cls, count, total, squares, events):
        """A sample of amounts; recipients without one count as 0.

        :param float total: sum of the amounts
        :param float squares: sum of their squares
        """
        mean = total / count if count else 0.0
        variance = max(0.0, (squares - count * mean * mean) / (count - 1)) if count > 1 else 0.0
        return cls(count, mean, variance, events, is_rate=False)

    @property
    def squared_error(self):
        """Square of the standard error of the mean."""
        return self.variance / self.count if self.count else 0.0

    def interval(self, confidence):
        """Where the true value lies, with this confidence (0–1): Wilson for rates, normal for amounts.

        :rtype: tuple[float, float]
        """
        if self.is_rate:
            return wilson_interval(self.events, self.count, confidence)
        half = quantile(confidence) * sqrt(self.squared_error)
        return self.mean - half, self.mean + half


def quantile(confidence):
    """How many standard errors an interval of this two-sided confidence reaches to each side."""
    return NORMAL.inv_cdf((1 + confidence) / 2)


def wilson_interval(successes, count, confidence):
    """Interval of a rate. Also right near 0 and 1, where the simple interval would leave the scale.

    :rtype: tuple[float, float]
    """
    if not count:
        return 0.0, 1.0
    z = quantile(confidence)
    rate = successes / count
    denominator = 1 + z * z / count
    center = (rate + z * z / (2 * count)) / denominator
    half = z / denominator * sqrt(rate * (1 - rate) / count + z * z / (4 * count * count))
    low = 0.0 if successes <= 0 else max(0.0, center - half)
    high = 1.0 if successes >= count else min(1.0, center + half)
    return low, high


def difference_interval(first, second, confidence):
    """Interval of ``second.mean - first.mean``: Newcombe for rates, Welch for amounts.

    :rtype: tuple[float, float]
    """
    difference = second.mean - first.mean
    if not (first.is_rate and second.is_rate):
        half = quantile(confidence) * sqrt(first.squared_error + second.squared_error)
        return difference - half, difference + half
    low_1, high_1 = first.interval(confidence)
    low_2, high_2 = second.interval(confidence)
    return (
        difference - sqrt((second.mean - low_2) ** 2 + (high_1 - first.mean) ** 2),
        difference + sqrt((high_2 - second.mean) ** 2 + (first.mean - low_1) ** 2),
    )


def fixed_p_value(first, second):
    """Two-sided p-value of a difference that is looked at once, at a time chosen beforehand. 1 where nothing varies.

    :rtype: float
    """
    if not first.count or not second.count:
        return 1.0
    if first.is_rate and second.is_rate:
        pooled = (first.events + second.events) / (first.count + second.count)
        squared = pooled * (1 - pooled) * (1 / first.count + 1 / second.count)
    else:
        squared = first.squared_error + second.squared_error
    if squared <= 0:
        return 1.0
    return min(1.0, 2 * NORMAL.cdf(-abs(second.mean - first.mean) / sqrt(squared)))


def _mixture(alpha, tuning):
    """Square of the mixture's parameter that makes the sequence tightest at ``tuning`` observations."""
    return (-2 * log(alpha) + log(-2 * log(alpha) + 1)) / tuning


def sequential_p_value(first, second, alpha, tuning=SEQUENTIAL_TUNING):
    """p-value of a difference that holds at every look: under no difference it ever falls below ``alpha`` with a
    probability of at most ``alpha``, asymptotically. It is 1 over the evidence (the mixture's likelihood ratio).

    :rtype: float
    """
    squared = first.squared_error + second.squared_error
    if not first.count or not second.count or squared <= 0:
        return 1.0
    reach = (first.count + second.count) * _mixture(alpha, tuning)
    squared_t = (second.mean - first.mean) ** 2 / squared
    log_evidence = squared_t * reach / (2 * (1 + reach)) - log(1 + reach) / 2
    return 1.0 if log_evidence <= 0 else exp(-min(log_evidence, 700))


def sequential_interval(first, second, alpha, tuning=SEQUENTIAL_TUNING):
    """Interval of ``second.mean - first.mean`` that holds at all looks together.

    :rtype: tuple[float, float]
    """
    difference = second.mean - first.mean
    count = first.count + second.count
    squared = first.squared_error + second.squared_error
    if not first.count or not second.count or squared <= 0:
        return float("-inf"), float("inf")
    reach = count * _mixture(alpha, tuning)
    half = sqrt(squared * 2 * (reach + 1) / reach * log(sqrt(reach + 1) / alpha))
    return difference - half, difference + half


def holm(p_values):
    """p-values corrected for being several, in the order given: a rejection at level α is wrong in at most α of cases
    for the whole family.

    :rtype: list[float]
    """
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    corrected, floor = [1.0] * len(p_values), 0.0
    for rank, index in enumerate(order):
        floor = max(floor, min(1.0, p_values[index] * (len(p_values) - rank)))
        corrected[index] = floor
    return corrected


def too_few_events(first, second):
    """Whether so little happened that the tests' approximation cannot be trusted.

    :rtype: bool
    """
    if not first.count or not second.count:
        return True
    if not (first.is_rate and second.is_rate):
        return min(first.events, second.events) < MIN_EXPECTED
    pooled = (first.events + second.events) / (first.count + second.count)
    return min(pooled, 1 - pooled) * min(first.count, second.count) < MIN_EXPECTED


def sample_size(rate, hoped, confidence=0.95, power=0.8):
    """How many recipients each of two arms needs to find the step from one rate to the other, looking once.

    :param float rate: rate today, between 0 and 1
    :param float hoped: rate hoped for
    :param float power: probability to find it if it is there
    :return: recipients per arm, rounded to the nearest; ``None`` if there is no step
    :rtype: int | None
    """
    if not (0 <= rate <= 1 and 0 <= hoped <= 1) or rate == hoped:
        return None
    spread = quantile(confidence) + NORMAL.inv_cdf(power)
    variance = rate * (1 - rate) + hoped * (1 - hoped)
    return max(2, round(spread**2 * variance / (hoped - rate) ** 2))


def sequential_sample_size(rate, hoped, confidence=0.95, power=0.8, tuning=SEQUENTIAL_TUNING):
    """As :func:`sample_size`, when one looks as often as one likes: by then the sequence has excluded "no difference"
    with this probability.

    :rtype: int | None
    """
    least = sample_size(rate, hoped, confidence, power)
    if least is None:
        return None
    variance = rate * (1 - rate) + hoped * (1 - hoped)
    margin = NORMAL.inv_cdf(power)

    def is_enough(count):
        reach = 2 * count * _mixture(1 - confidence, tuning)
        bound = sqrt(2 * (reach + 1) / reach * log(sqrt(reach + 1) / (1 - confidence)))
        return abs(hoped - rate) >= (bound + margin) * sqrt(variance / count)

    low, high = least, least
    while not is_enough(high):
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return high
