//! Topological order, in SQLAlchemy's passes: each pass takes every node whose predecessors
//! were taken by earlier passes, in the order given.

use std::hash::Hash;

use rustc_hash::{FxHashMap, FxHashSet};

/// A cycle: the nodes that can't be ordered.
#[derive(Debug, PartialEq, Eq)]
pub struct Cycle<T>(pub Vec<T>);

/// `nodes` in passes; `edges` are `(before, after)` pairs.
///
/// # Errors
/// [`Cycle`] with the nodes left where no pass can take any.
pub fn sort_as_subsets<T: Clone + Eq + Hash>(
    nodes: &[T],
    edges: &[(T, T)],
) -> Result<Vec<Vec<T>>, Cycle<T>> {
    let known: FxHashSet<&T> = nodes.iter().collect();
    let mut waiting: FxHashMap<&T, usize> = FxHashMap::default();
    let mut followers: FxHashMap<&T, Vec<&T>> = FxHashMap::default();
    let mut seen: FxHashSet<(&T, &T)> = FxHashSet::default();
    for (before, after) in edges {
        if known.contains(before) && known.contains(after) && seen.insert((before, after)) {
            *waiting.entry(after).or_default() += 1;
            followers.entry(before).or_default().push(after);
        }
    }
    let mut left: Vec<&T> = nodes.iter().collect();
    let mut passes = Vec::new();
    while !left.is_empty() {
        let (pass, rest): (Vec<&T>, Vec<&T>) = left
            .iter()
            .partition(|node| waiting.get(**node).is_none_or(|count| *count == 0));
        if pass.is_empty() {
            return Err(Cycle(rest.into_iter().cloned().collect()));
        }
        for node in &pass {
            for follower in followers.get(*node).into_iter().flatten() {
                if let Some(count) = waiting.get_mut(*follower) {
                    *count -= 1;
                }
            }
        }
        passes.push(pass.into_iter().cloned().collect());
        left = rest;
    }
    Ok(passes)
}

/// `nodes` in topological order.
///
/// # Errors
/// [`Cycle`] as [`sort_as_subsets`].
pub fn sort<T: Clone + Eq + Hash>(nodes: &[T], edges: &[(T, T)]) -> Result<Vec<T>, Cycle<T>> {
    Ok(sort_as_subsets(nodes, edges)?
        .into_iter()
        .flatten()
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passes_keep_the_order_given() {
        assert_eq!(
            sort_as_subsets(&["zed", "par", "alone"], &[("par", "zed")]),
            Ok(vec![vec!["par", "alone"], vec!["zed"]])
        );
    }

    #[test]
    fn a_cycle_is_named() {
        assert_eq!(sort(&[1, 2, 3], &[(1, 2), (2, 1)]), Err(Cycle(vec![1, 2])));
    }
}
