//! An application on the crate keyring, 4, by zbus. Its steps are those of apps::run.
#![forbid(unsafe_code)]

apps::application_on!(keyring4::v1);
