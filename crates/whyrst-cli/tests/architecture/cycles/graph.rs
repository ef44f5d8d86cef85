//! The parts of a directed graph in which every node reaches every other: Tarjan's algorithm.

use std::collections::{BTreeMap, BTreeSet};

/// The strongly connected components of more than one node, ordered by their first node.
pub(super) fn cycles(edges: &BTreeSet<(String, String)>) -> BTreeSet<BTreeSet<String>> {
    let mut search = Search::of(edges);
    let nodes: BTreeSet<&str> = edges.iter().flat_map(|(from, to)| [from.as_str(), to]).collect();
    for node in nodes {
        if !search.order.contains_key(node) {
            search.visit(node);
        }
    }
    search.found
}

struct Search<'a> {
    edges: &'a BTreeSet<(String, String)>,
    /// When each node was first reached.
    order: BTreeMap<&'a str, usize>,
    /// The earliest node that each can get back to.
    lowest: BTreeMap<&'a str, usize>,
    open: Vec<&'a str>,
    found: BTreeSet<BTreeSet<String>>,
}

impl<'a> Search<'a> {
    fn of(edges: &'a BTreeSet<(String, String)>) -> Self {
        Self { edges, order: BTreeMap::new(), lowest: BTreeMap::new(), open: Vec::new(), found: BTreeSet::new() }
    }

    fn visit(&mut self, node: &'a str) {
        let number = self.order.len();
        self.order.insert(node, number);
        self.lowest.insert(node, number);
        self.open.push(node);
        let edges = self.edges;
        for (_, next) in edges.iter().filter(|(from, _)| from == node) {
            let reached = if !self.order.contains_key(next.as_str()) {
                self.visit(next);
                self.lowest[next.as_str()]
            } else if self.open.contains(&next.as_str()) {
                self.order[next.as_str()]
            } else {
                continue;
            };
            let lowest = self.lowest[node].min(reached);
            self.lowest.insert(node, lowest);
        }
        if self.lowest[node] == number {
            let start = self.open.iter().position(|open| *open == node).expect("a node is open until it is done");
            let component: BTreeSet<String> = self.open.drain(start..).map(str::to_owned).collect();
            if component.len() > 1 {
                self.found.insert(component);
            }
        }
    }
}

#[test]
fn two_cycles_and_what_only_leads_to_them() {
    let edges = |text: &str| -> BTreeSet<(String, String)> {
        text.split(' ').map(|edge| edge.split_once('>').expect("a>b")).map(|(a, b)| (a.into(), b.into())).collect()
    };
    let found = |text: &str| -> Vec<String> {
        cycles(&edges(text)).into_iter().map(|nodes| nodes.into_iter().collect()).collect()
    };
    assert_eq!(found("a>b b>c a>c"), Vec::<String>::new());
    assert_eq!(found("z>a a>b b>c c>a c>d d>e e>d e>f"), ["abc", "de"]);
    assert_eq!(found("a>b b>a b>c c>b"), ["abc"]);
}
