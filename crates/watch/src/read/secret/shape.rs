//! Which keys of a Secret hold its certificate and what clients are checked against. As in
//! Istio, keys decide and the type does not.

use super::data::{Data, Place};

/// A certificate chain and its private key, which belong together.
#[derive(Debug, PartialEq, Eq)]
pub struct Shape {
    pub crt: Place,
    pub key: Place,
}

pub const GENERIC: Shape = Shape { crt: Place::CERT, key: Place::KEY };
pub const TLS: Shape = Shape { crt: Place::TLS_CRT, key: Place::TLS_KEY };

/// In the order in which they win.
const SHAPES: [&Shape; 2] = [&GENERIC, &TLS];

impl Shape {
    /// The one whose two keys are there and not empty; else what is wrong, and where.
    pub fn of(data: &Data<'_>) -> Result<&'static Self, (Place, String)> {
        let holds = |place: &Place| data.holds(place.name());
        if let Some(shape) = SHAPES.into_iter().find(|it| holds(&it.crt) && holds(&it.key)) {
            return Ok(shape);
        }
        // A half is more likely meant than nothing, whichever half it is.
        let half = SHAPES.into_iter().find(|it| holds(&it.crt) || holds(&it.key));
        let begun =
            SHAPES.into_iter().find(|it| data.has(it.crt.name()) || data.has(it.key.name()));
        let Some(shape) = half.or(begun) else {
            return Err((
                TLS.crt,
                format!(
                    "the Secret holds neither tls.crt and tls.key nor cert and key{}: put one of \
                     these pairs into it",
                    found(data)
                ),
            ));
        };
        let (lacking, other) = match holds(&shape.crt) {
            true => (shape.key, shape.crt),
            false => (shape.crt, shape.key),
        };
        let (lacking_name, other) = (lacking.name(), other.name());
        let message = match data.has(lacking_name) {
            true => format!("{lacking_name} is empty: put the PEM text there"),
            false => format!("{lacking_name} is missing{}: put it beside {other}", found(data)),
        };
        Err((lacking, message))
    }
}

/// What clients are checked against, the first of these that is not empty; a certificate without
/// its key counts too.
pub fn client_ca(data: &Data<'_>) -> Option<Place> {
    let lone = match data.has(Place::TLS_KEY.name()) {
        true => None,
        false => Some(Place::TLS_CRT),
    };
    [Some(Place::CACERT), Some(Place::CA_CRT), lone]
        .into_iter()
        .flatten()
        .find(|place| data.holds(place.name()))
}

/// What is revoked of it. A list counts beside either kind of CA: one that is passed over would
/// let in whom it revokes.
pub fn crl(data: &Data<'_>) -> Option<Place> {
    [Place::CRL, Place::CA_CRL].into_iter().find(|place| data.holds(place.name()))
}

/// The keys that are there, never what they hold.
fn found(data: &Data<'_>) -> String {
    const SHOWN: usize = 3;
    let names = data.names();
    let shown: Vec<_> =
        names.iter().take(SHOWN).map(|name| name.escape_debug().to_string()).collect();
    match (names.len(), names.len().saturating_sub(SHOWN)) {
        (0, _) => " (it is empty)".to_owned(),
        (_, 0) => format!(" (found: {})", shown.join(", ")),
        (_, more) => format!(" (found: {} and {more} more)", shown.join(", ")),
    }
}
