use super::*;

#[test]
fn names_come_with_octal_escapes_and_a_final_dot() {
    assert_eq!(read_name(r"\052.Shop.test."), "*.shop.test");
    assert_eq!(read_name("_x.shop.test."), "_x.shop.test");
}

#[test]
fn texts_come_back_as_they_were_written() {
    let long = "x".repeat(300);
    for value in ["plain", r#"with "quotes" and \"#, "", "é", long.as_str()] {
        let written = write_value(RecordKind::Txt, value);
        assert_eq!(read_value(RecordKind::Txt, &written), value, "{written}");
    }
}

#[test]
fn a_long_text_is_cut_into_pieces_of_255() {
    let written = write_value(RecordKind::Txt, &"x".repeat(300));
    let pieces: Vec<usize> = written.split(' ').map(|piece| piece.len() - 2).collect();
    assert_eq!(pieces, [255, 45]);
}
