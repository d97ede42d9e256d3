use super::*;

// Every test has a process of its own under nextest; what this one gives up is nobody else's.
#[test]
fn afterwards_there_are_no_dumps_no_core_and_no_new_privileges() {
    this_process().unwrap();
    assert!(!nix::sys::prctl::get_dumpable().unwrap());
    assert!(nix::sys::prctl::get_no_new_privs().unwrap());
    assert_eq!(nix::sys::resource::getrlimit(Resource::RLIMIT_CORE).unwrap(), (0, 0));
    assert_eq!(umask(Mode::from_bits_truncate(0o077)).bits(), 0o077);
    this_process().unwrap();
    // What the process still must be able to do.
    assert!(crate::Process::look(crate::identity::own_pid()).is_ok());
    assert!(crate::Secret::with_capacity(1).is_ok());
}
