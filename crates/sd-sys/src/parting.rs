//! Letting go of a socket that others may have loaded: never for longer than a moment.
//!
//! A socket may hold descriptors that nobody has received, and whoever closes it last closes those too. One of them
//! can be a TCP socket with unsent data and `SO_LINGER`, whose close waits for as long as its sender chose (socket(7);
//! tried on Linux 6.18). A signal ends that wait, so one comes when a close takes long.

use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::ptr;
use std::sync::OnceLock;

/// How long a close may take, and how often it is interrupted after that.
const MOMENT: libc::timespec = libc::timespec { tv_sec: 0, tv_nsec: 10_000_000 };

/// A descriptor whose closing holds nobody up.
#[derive(Debug)]
pub(crate) struct Parting(Option<OwnedFd>);

impl Parting {
    pub(crate) fn new(fd: OwnedFd) -> Self {
        Self(Some(fd))
    }

    pub(crate) fn get(&self) -> BorrowedFd<'_> {
        #[expect(clippy::expect_used, reason = "only `into_fd` and `drop` take it, and both end this value")]
        self.0.as_ref().expect("a descriptor is held until the end").as_fd()
    }

    pub(crate) fn into_fd(mut self) -> OwnedFd {
        #[expect(clippy::expect_used, reason = "only `into_fd` and `drop` take it, and both end this value")]
        self.0.take().expect("a descriptor is held until the end")
    }
}

impl Drop for Parting {
    fn drop(&mut self) {
        let Some(fd) = self.0.take() else { return };
        // Without an alarm it is closed all the same.
        let alarm = Alarm::set();
        drop(fd);
        drop(alarm);
    }
}

/// A signal to this thread, again and again until it is dropped.
struct Alarm(libc::timer_t);

impl Alarm {
    fn set() -> Option<Self> {
        static CAUGHT: OnceLock<Option<libc::c_int>> = OnceLock::new();
        let signal = (*CAUGHT.get_or_init(catch))?;
        // SAFETY: sigevent is plain data, for which all bits zero is a valid value.
        let mut event: libc::sigevent = unsafe { MaybeUninit::zeroed().assume_init() };
        event.sigev_notify = libc::SIGEV_THREAD_ID;
        event.sigev_signo = signal;
        // SAFETY: gettid takes nothing and touches no memory.
        event.sigev_notify_thread_id = unsafe { libc::gettid() };
        let mut timer: libc::timer_t = ptr::null_mut();
        // SAFETY: event and timer live through the call.
        if unsafe { libc::timer_create(libc::CLOCK_MONOTONIC, &raw mut event, &raw mut timer) } != 0 {
            return None;
        }
        let alarm = Self(timer);
        let often = libc::itimerspec { it_interval: MOMENT, it_value: MOMENT };
        // SAFETY: timer is ours until it is deleted; often lives through the call.
        let set = unsafe { libc::timer_settime(alarm.0, 0, &raw const often, ptr::null_mut()) };
        (set == 0).then_some(alarm)
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        // SAFETY: the timer is ours, and nobody uses it after this.
        unsafe { libc::timer_delete(self.0) };
    }
}

/// Makes a signal of no other use wake this process and do nothing else; its number.
fn catch() -> Option<libc::c_int> {
    extern "C" fn nothing(_: libc::c_int) {}
    let signal = libc::SIGRTMIN().checked_add(5)?;
    // SAFETY: sigaction is plain data, for which all bits zero is a valid value: no flags, an empty mask.
    let mut action: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
    let handler: extern "C" fn(libc::c_int) = nothing;
    #[expect(
        clippy::as_conversions,
        reason = "there is no other way from a function to the number of its address"
    )]
    let address = handler as libc::sighandler_t;
    action.sa_sigaction = address;
    action.sa_flags = libc::SA_RESTART;
    // SAFETY: action lives through the call, and the handler does nothing that a handler may not do.
    (unsafe { libc::sigaction(signal, &raw const action, ptr::null_mut()) } == 0).then_some(signal)
}
