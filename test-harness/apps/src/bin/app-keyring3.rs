//! An application on the crate keyring, 3.6, by libdbus. Its steps are those of apps::run.
#![forbid(unsafe_code)]

apps::application_on!(keyring3);
