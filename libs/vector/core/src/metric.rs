//! How two vectors are compared, and which of two scores is the better one.

use std::cmp::Ordering;

/// A measure of two vectors. Its value is the **score** of a hit, as it is: nothing is turned round or rescaled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Metric {
    /// Cosine of the angle, from -1 to 1; 0 where one of the vectors is zero. Larger is better.
    Cosine,
    /// Inner product. Larger is better.
    Dot,
    /// Length of the difference. Smaller is better.
    Euclidean,
    /// Its square. Smaller is better.
    SquaredEuclidean,
}

impl Metric {
    /// All metrics, in the order of their numbers.
    pub const ALL: [Self; 4] = [
        Self::Cosine,
        Self::Dot,
        Self::Euclidean,
        Self::SquaredEuclidean,
    ];

    /// The number that stands for it in files and in bindings.
    pub fn number(self) -> u8 {
        match self {
            Self::Cosine => 0,
            Self::Dot => 1,
            Self::Euclidean => 2,
            Self::SquaredEuclidean => 3,
        }
    }

    /// The metric of a number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// Whether a smaller score is the better one.
    pub fn is_distance(self) -> bool {
        matches!(self, Self::Euclidean | Self::SquaredEuclidean)
    }

    /// A score as a rank, of which the larger one is always better; its own inverse.
    ///
    /// ```
    /// use fishplate_vector::Metric;
    /// assert_eq!(Metric::Cosine.rank(0.5), 0.5);
    /// assert_eq!(Metric::Euclidean.rank(0.5), -0.5);
    /// ```
    pub fn rank(self, score: f64) -> f64 {
        if self.is_distance() { -score } else { score }
    }

    /// Orders scores best first; rows of equal score by their number, and NaN comes last.
    pub fn order(self, (left, left_row): (f64, u32), (right, right_row): (f64, u32)) -> Ordering {
        let (left, right) = (self.rank(left), self.rank(right));
        let by_score = match right.partial_cmp(&left) {
            Some(order) => order,
            None => left.is_nan().cmp(&right.is_nan()),
        };
        by_score.then(left_row.cmp(&right_row))
    }
}

#[cfg(test)]
mod tests {
    use super::Metric;

    #[test]
    fn scores_are_ordered_best_first() {
        for (metric, expected) in [
            (Metric::Dot, [1, 2, 0, 3]),
            (Metric::Euclidean, [0, 1, 2, 3]),
        ] {
            let mut hits = [(1.0, 0), (2.0, 1), (2.0, 2), (f64::NAN, 3)];
            hits.sort_by(|&left, &right| metric.order(left, right));
            let rows: Vec<u32> = hits.iter().map(|&(_, row)| row).collect();
            assert_eq!(rows, expected, "{metric:?}");
        }
    }

    #[test]
    fn numbers_are_stable() {
        for metric in Metric::ALL {
            assert_eq!(Metric::from_number(metric.number()), Some(metric));
        }
        assert_eq!(Metric::from_number(4), None);
    }
}
