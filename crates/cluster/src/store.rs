//! What Doorward itself writes into the cluster besides the lease and the reports.

/// The owner of fields that Doorward writes, in `managedFields`.
pub const FIELD_MANAGER: &str = "doorward";

/// On every object that Doorward makes.
pub const MANAGED_BY: (&str, &str) = ("app.kubernetes.io/managed-by", "doorward");
