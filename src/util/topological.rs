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

/// The nodes that lie on a cycle of `edges`, in the order in which they first appear there.
pub fn find_cycles<T: Clone + Eq + Hash>(edges: &[(T, T)]) -> Vec<T> {
    let mut index: FxHashMap<&T, usize> = FxHashMap::default();
    let mut nodes: Vec<&T> = Vec::new();
    for node in edges.iter().flat_map(|(before, after)| [before, after]) {
        index.entry(node).or_insert_with(|| {
            nodes.push(node);
            nodes.len() - 1
        });
    }
    let mut next: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
    let mut on_cycle = vec![false; nodes.len()];
    for (before, after) in edges {
        let (before, after) = (index[before], index[after]);
        next[before].push(after);
        on_cycle[before] |= before == after;
    }
    for component in components(&next) {
        if component.len() > 1 {
            for node in component {
                on_cycle[node] = true;
            }
        }
    }
    nodes
        .into_iter()
        .zip(on_cycle)
        .filter(|(_, cyclic)| *cyclic)
        .map(|(node, _)| node.clone())
        .collect()
}

/// The strongly connected components of a graph, without recursion (Tarjan's algorithm).
fn components(next: &[Vec<usize>]) -> Vec<Vec<usize>> {
    const UNSEEN: usize = usize::MAX;
    let mut found = Vec::new();
    let mut number = vec![UNSEEN; next.len()];
    let mut low = vec![0; next.len()];
    let mut open = Vec::new();
    let mut is_open = vec![false; next.len()];
    let mut count = 0;
    for root in 0..next.len() {
        if number[root] != UNSEEN {
            continue;
        }
        let mut path = vec![(root, 0)];
        while let Some((node, edge)) = path.last_mut() {
            let node = *node;
            if *edge == 0 {
                number[node] = count;
                low[node] = count;
                count += 1;
                open.push(node);
                is_open[node] = true;
            }
            if let Some(&target) = next[node].get(*edge) {
                *edge += 1;
                if number[target] == UNSEEN {
                    path.push((target, 0));
                } else if is_open[target] {
                    low[node] = low[node].min(number[target]);
                }
                continue;
            }
            path.pop();
            if let Some((parent, _)) = path.last() {
                low[*parent] = low[*parent].min(low[node]);
            }
            if low[node] == number[node] {
                let mut component = Vec::new();
                while let Some(member) = open.pop() {
                    is_open[member] = false;
                    component.push(member);
                    if member == node {
                        break;
                    }
                }
                found.push(component);
            }
        }
    }
    found
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
    fn cycles_are_found_and_what_hangs_on_them_is_not() {
        let edges = [(0, 1), (1, 2), (2, 1), (2, 3), (4, 4)];
        assert_eq!(find_cycles(&edges), vec![1, 2, 4]);
    }

    #[test]
    fn a_cycle_is_named() {
        assert_eq!(sort(&[1, 2, 3], &[(1, 2), (2, 1)]), Err(Cycle(vec![1, 2])));
    }
}
