use super::*;

/// Gives as few bytes at a time as it may.
struct Dribble<'a>(&'a [u8], usize);

impl Read for Dribble<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.1.min(buffer.len());
        self.0.read(&mut buffer[..length])
    }
}

fn lines(input: impl Read) -> io::Result<(Vec<Vec<u8>>, String)> {
    let (mut reader, mut lines) = (LineReader::new(input), Vec::new());
    while let Some(line) = reader.next()? {
        lines.push(line.to_vec());
    }
    Ok((lines, reader.checksum_before()))
}

#[test]
fn lines_of_any_length_come_back_with_the_same_checksum() {
    // Around the size of the buffer, and beyond it.
    let lengths = [0, 1, BUFFER - 20, BUFFER - 1, BUFFER, BUFFER + 1, 3 * BUFFER, 5];
    let mut output = Vec::new();
    let mut writer = LineWriter::new(&mut output);
    for length in lengths {
        writer.write("Text", &"x".repeat(length)).unwrap();
    }
    let checksum = writer.checksum().unwrap();
    writer.flush().unwrap();
    drop(writer);
    for step in [7, 4096, usize::MAX] {
        let (read, read_checksum) = lines(Dribble(&output, step)).unwrap();
        let told: Vec<_> = read.iter().map(|line| line.len() - "{\"Text\":\"\"}".len()).collect();
        assert_eq!(told, lengths);
        assert_eq!(read_checksum, checksum);
    }
}

#[test]
fn a_line_without_its_end_is_an_error() {
    assert_eq!(lines(&b""[..]).unwrap().0.len(), 0);
    assert_eq!(lines(&b"a\n"[..]).unwrap().0, [b"a"]);
    let error = lines(&b"a\nb"[..]).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
}

#[test]
fn a_line_without_end_does_not_fill_the_memory() {
    let error = lines(io::repeat(b'x')).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
}
