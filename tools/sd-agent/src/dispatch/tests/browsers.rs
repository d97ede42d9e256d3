//! What Chromium's client is told, and nobody else.

use std::collections::HashMap;
use std::time::Duration;

use super::bench::*;

/// What Chromium does before it wants its key.
fn searched(bench: &Bench, app: &Application, attributes: &[(&str, &str)]) {
    let attributes: HashMap<&str, &str> = attributes.iter().copied().collect();
    bench.call(app, LOGIN, COLLECTION, "SearchItems", &attributes).unwrap();
}

fn denied(bench: &Bench, app: &Application) {
    let (_, prompt) = bench.unlock(app, &[FIRST]);
    bench.prompt(app, &prompt).unwrap();
    bench.say.try_send(false).unwrap();
}

#[test]
fn a_browser_that_is_denied_its_key_is_left_waiting_since_it_would_delete_what_it_cannot_read() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    bench.session(&app);
    searched(&bench, &app, &[("application", "chromium")]);
    let (_, prompt) = bench.unlock(&app, &[FIRST]);
    bench.prompt(&app, &prompt).unwrap();
    bench.say.try_send(false).unwrap();
    std::thread::sleep(Duration::from_millis(400));
    assert_eq!(bench.signals(), Vec::<String>::new());
    bench.call(&app, &prompt, PROMPT, "Dismiss", &()).unwrap();
    assert!(bench.completed().1, "what it gives up itself, it is told");
}

#[test]
fn a_browser_that_gets_its_key_is_told_as_everybody_is() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    let session = bench.session(&app);
    searched(&bench, &app, &[("application", "chromium")]);
    bench.approve(&app, &[FIRST]);
    assert_eq!(secret_in(&bench.get_secret(&app, FIRST, &session).unwrap()), b"hunter2");
}

#[test]
fn a_browser_that_wants_its_key_without_a_prompt_is_kept_waiting_for_the_person() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    let session = bench.session(&app);
    searched(&bench, &app, &[("application", "chrome")]);
    bench.say.try_send(true).unwrap();
    assert_eq!(secret_in(&bench.get_secret(&app, FIRST, &session).unwrap()), b"hunter2");
}

#[test]
fn a_browser_that_wants_its_key_without_a_prompt_is_not_kept_waiting_for_ever() {
    let (mut bench, app) = (Bench::new(), application(":1.1", 10));
    bench.patience = Duration::from_millis(200);
    let session = bench.session(&app);
    searched(&bench, &app, &[("application", "chrome")]);
    let refusal = bench.get_secret(&app, FIRST, &session).unwrap_err();
    assert_eq!(refusal.name, "org.freedesktop.Secret.Error.IsLocked");
}

#[test]
fn whoever_asks_otherwise_is_told_no() {
    for attributes in [&[("application", "demo"), ("user", "ada")][..], &[("service", "demo")]] {
        let (bench, app) = (Bench::new(), application(":1.1", 10));
        let session = bench.session(&app);
        searched(&bench, &app, attributes);
        denied(&bench, &app);
        assert!(bench.completed().1);
        assert!(bench.get_secret(&app, FIRST, &session).is_err());
    }
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    // secret-tool lookup application demo: without a plain session.
    searched(&bench, &app, &[("application", "demo")]);
    denied(&bench, &app);
    assert!(bench.completed().1);
}
