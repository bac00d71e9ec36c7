//! Who accepts whom while an authority changes: the whole theory of a rotation without downtime.
//!
//! Verification goes both ways among all programs, so a state of the cluster is safe exactly if
//! every process's trust accepts every leaf that is presented.

/// What a running process trusts of one authority.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Trusts {
    Old,
    Both,
    New,
}

/// Which leaf is presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Presents {
    /// By the old authority.
    Old,
    /// By the new one.
    New,
    /// By the new one, with the old one's word for it behind it.
    Crossed,
}

pub fn accepts(trusts: Trusts, presents: Presents) -> bool {
    !matches!((trusts, presents), (Trusts::Old, Presents::New) | (Trusts::New, Presents::Old))
}

/// Whether everybody accepts everybody.
pub fn is_safe(
    trusts: impl IntoIterator<Item = Trusts>,
    presents: impl IntoIterator<Item = Presents> + Clone,
) -> bool {
    trusts
        .into_iter()
        .all(|trusts| presents.clone().into_iter().all(|presents| accepts(trusts, presents)))
}

#[cfg(test)]
mod tests;
