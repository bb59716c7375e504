//! From keys to what is shown, and to orders.

use super::*;
use crate::top::columns::Column;
use crate::top::testing::household;

fn code(model: &mut Model, code: KeyCode) -> Option<Wish> {
    press(model, KeyEvent::new(code, KeyModifiers::NONE))
}

/// Types the text; returns what the last key of it asks for.
fn type_in(model: &mut Model, text: &str) -> Option<Wish> {
    text.chars().map(|letter| code(model, KeyCode::Char(letter))).last().flatten()
}

fn control(model: &mut Model, letter: char) -> Option<Wish> {
    press(model, KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL))
}

fn selected(model: &Model) -> &str {
    model.selected().map(|row| row.key.word()).unwrap()
}

#[test]
fn arrows_and_letters_select_and_stop_at_the_ends() {
    let mut model = household();
    let steps = [
        (KeyCode::Up, "television"),
        (KeyCode::Char('k'), "television"),
        (KeyCode::Char('j'), "anna-phone"),
        (KeyCode::Down, "other"),
        (KeyCode::End, "da:a1:19:00:11:22"),
        (KeyCode::Down, "da:a1:19:00:11:22"),
        (KeyCode::PageUp, "television"),
        (KeyCode::Char('G'), "da:a1:19:00:11:22"),
        (KeyCode::Char('g'), "television"),
        (KeyCode::PageDown, "da:a1:19:00:11:22"),
        (KeyCode::Home, "television"),
    ];
    for (key, device) in steps {
        assert_eq!(code(&mut model, key), None);
        assert_eq!(selected(&model), device, "{key:?}");
    }
}

#[test]
fn s_sorts_by_the_columns_on_the_screen_in_a_circle_and_r_the_other_way_round() {
    let mut model = household();
    model.width = 80;
    let mut seen = Vec::new();
    for _ in 0..9 {
        type_in(&mut model, "s");
        seen.push(model.sort.look().title);
    }
    assert_eq!(seen.join(" "), "PPS FLW/s BLK/s FLOWS BLOCKED POLICIES DEVICE UP/s DOWN/s");
    type_in(&mut model, "Sr");
    assert_eq!((model.sort, model.reversed), (Column::Up, true));
    type_in(&mut model, "r");
    assert!(!model.reversed);
    // One that is not on the screen any more.
    (model.sort, model.width) = (Column::Vendor, 20);
    type_in(&mut model, "s");
    assert_eq!(model.sort, Column::Down);
}

#[test]
fn the_lower_list_is_chosen_by_number_or_in_turn() {
    let mut model = household();
    for (key, pane) in [
        (KeyCode::Tab, Pane::Events),
        (KeyCode::Tab, Pane::Flows),
        (KeyCode::Tab, Pane::Hosts),
        (KeyCode::BackTab, Pane::Flows),
        (KeyCode::Char('2'), Pane::Events),
        (KeyCode::Char('1'), Pane::Hosts),
        (KeyCode::Char('3'), Pane::Flows),
    ] {
        code(&mut model, key);
        assert_eq!(model.pane, pane, "{key:?}");
    }
}

#[test]
fn a_filter_holds_while_it_is_written_and_ends_with_escape() {
    let mut model = household();
    type_in(&mut model, "/toysq");
    assert_eq!((model.mode.clone(), model.filter.as_str(), model.shown().len()), (Mode::Filter, "toysq", 0));
    code(&mut model, KeyCode::Backspace);
    assert_eq!(model.shown().len(), 1);
    code(&mut model, KeyCode::Enter);
    assert_eq!((model.mode.clone(), model.filter.as_str()), (Mode::Watch, "toys"));
    code(&mut model, KeyCode::Esc);
    assert_eq!(model.filter, "");
    type_in(&mut model, "/a");
    control(&mut model, 'u');
    type_in(&mut model, "\u{1b}\u{7}tv");
    assert_eq!(model.filter, "tv", "no control character is written");
    code(&mut model, KeyCode::Esc);
    assert_eq!((model.mode.clone(), model.filter.as_str()), (Mode::Watch, ""));
    type_in(&mut model, &format!("/{}", "x".repeat(1000)));
    assert_eq!(model.filter.len(), LONGEST);
}

#[test]
fn a_pause_is_ordered_for_ten_minutes_or_as_long_as_is_written() {
    let mut model = household();
    let order = |seconds| {
        let device = String::from("anna-phone");
        Some(Wish::Order(Order::Pause { device, seconds }))
    };
    assert_eq!(type_in(&mut model, "p"), None);
    assert_eq!(code(&mut model, KeyCode::Enter), order(600));
    assert_eq!(model.mode, Mode::Watch);
    type_in(&mut model, "p1h30m");
    assert_eq!(code(&mut model, KeyCode::Enter), order(5400));
    // What is proposed can be changed, too: 10m, 10, 10h.
    type_in(&mut model, "p");
    code(&mut model, KeyCode::Backspace);
    type_in(&mut model, "h");
    assert_eq!(code(&mut model, KeyCode::Enter), order(36_000));
}

#[test]
fn what_is_no_length_is_told_and_can_be_put_right() {
    let mut model = household();
    type_in(&mut model, "psoon");
    assert_eq!(code(&mut model, KeyCode::Enter), None);
    let mistake = |model: &Model| match &model.mode {
        Mode::Pause { mistake, .. } => mistake.clone(),
        mode => panic!("{mode:?}"),
    };
    assert_eq!(mistake(&model).unwrap(), "write a length of time, such as 10m, 1h30m or 2d");
    control(&mut model, 'u');
    assert_eq!(mistake(&model), None);
    type_in(&mut model, "31d");
    assert_eq!(code(&mut model, KeyCode::Enter), None);
    assert!(mistake(&model).unwrap().contains("at most 30d"));
    code(&mut model, KeyCode::Esc);
    assert_eq!(model.mode, Mode::Watch);
}

#[test]
fn the_device_to_pause_is_the_one_selected_when_p_was_pressed() {
    let mut model = household();
    type_in(&mut model, "p");
    model.step(-1);
    let device = String::from("anna-phone");
    assert_eq!(code(&mut model, KeyCode::Enter), Some(Wish::Order(Order::Pause { device, seconds: 600 })));
}

#[test]
fn a_device_without_an_entry_of_its_own_cannot_be_paused() {
    let mut model = household();
    for device in ["da:a1:19:00:11:22", "other"] {
        model.filter = device.to_owned();
        assert_eq!((type_in(&mut model, "p"), selected(&model)), (None, device));
        assert_eq!(model.mode, Mode::Watch);
        let message = model.message.clone().unwrap();
        assert!(message.bad && message.text.starts_with(device) && message.text.contains("[[device]]"));
        assert_eq!(type_in(&mut model, "u"), None);
        assert!(model.message.as_ref().unwrap().bad);
    }
    type_in(&mut model, "j");
    assert_eq!(model.message, None, "the next key ends the message");
}

#[test]
fn only_a_paused_device_is_resumed() {
    let mut model = household();
    assert_eq!(type_in(&mut model, "u"), None);
    assert_eq!(model.message.as_ref().unwrap().text, "anna-phone is not paused");
    type_in(&mut model, "g");
    let device = String::from("television");
    assert_eq!(type_in(&mut model, "u"), Some(Wish::Order(Order::Resume { device })));
}

#[test]
fn keys_that_end_and_keys_that_do_not() {
    let mut model = household();
    assert_eq!(type_in(&mut model, "q"), Some(Wish::Quit));
    type_in(&mut model, "?");
    assert_eq!((type_in(&mut model, "q"), model.mode.clone()), (None, Mode::Watch));
    type_in(&mut model, "/");
    assert_eq!(type_in(&mut model, "q"), None);
    assert_eq!(control(&mut model, 'c'), Some(Wish::Quit));
    assert_eq!(control(&mut model, 'z'), Some(Wish::Suspend));
    assert_eq!(control(&mut model, 'l'), Some(Wish::Redraw));
    assert_eq!(model.filter, "q");
    let mut released = KeyEvent::new(KeyCode::Char('q'), KeyModifiers::NONE);
    released.kind = KeyEventKind::Release;
    model.mode = Mode::Watch;
    assert_eq!(press(&mut model, released), None);
}
