//! Publication: all files of one run or none, also after failures and kills.

use super::*;

const NAMES: [&str; 3] = ["a", "b", "c"];

/// A temporary folder for one test, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("metamlp-output-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn put(&self, path: &str, text: &str) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// The names and texts of the files; folders are shown by their name alone.
    fn shown(&self) -> String {
        let mut names: Vec<_> = fs::read_dir(&self.0)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        let text = |name: &String| fs::read_to_string(self.0.join(name)).unwrap_or_default();
        names.iter().map(|name| format!("{name}={} ", text(name))).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn publish(folder: &Folder, text: &str) -> Result<Vec<PathBuf>> {
    let mut output = Output::open(&folder.0, &NAMES)?;
    for name in NAMES {
        output.stage(name, text.as_bytes())?;
    }
    output.publish()
}

#[test]
fn files_appear_together_and_replace_those_of_the_run_before() {
    let folder = Folder::new("together");
    folder.put("other", "kept");
    let paths = publish(&folder, "1").unwrap();
    assert_eq!(paths, NAMES.map(|name| folder.0.join(name)));
    assert_eq!(folder.shown(), "a=1 b=1 c=1 other=kept ");
    publish(&folder, "2").unwrap();
    assert_eq!(folder.shown(), "a=2 b=2 c=2 other=kept ");
}

#[test]
fn what_is_staged_and_not_published_changes_nothing() {
    let folder = Folder::new("unpublished");
    publish(&folder, "1").unwrap();
    let mut output = Output::open(&folder.0, &NAMES).unwrap();
    output.stage("a", b"2").unwrap();
    drop(output);
    assert_eq!(folder.shown(), "a=1 b=1 c=1 ");
    // Killed before it publishes.
    folder.put(".staged/new/a", "3");
    Output::open(&folder.0, &NAMES).unwrap();
    assert_eq!(folder.shown(), "a=1 b=1 c=1 ");
}

#[test]
fn what_a_run_that_was_killed_has_begun_to_publish_is_completed() {
    // Every moment at which a run of "2" over "1" can end: how many old files it has taken away, and how many new
    // ones it has put.
    for (taken, put) in [(0, 0), (1, 0), (2, 0), (3, 0), (3, 1), (3, 2), (3, 3)] {
        let folder = Folder::new(&format!("killed-{taken}-{put}"));
        fs::create_dir_all(folder.0.join(".publishing/new")).unwrap();
        fs::create_dir_all(folder.0.join(".publishing/old")).unwrap();
        for (at, name) in NAMES.into_iter().enumerate() {
            folder.put(&if at < taken { format!(".publishing/old/{name}") } else { name.to_owned() }, "1");
            folder.put(&if at < put { name.to_owned() } else { format!(".publishing/new/{name}") }, "2");
        }
        Output::open(&folder.0, &NAMES).unwrap();
        assert_eq!(folder.shown(), "a=2 b=2 c=2 ", "{taken} {put}");
    }
}

#[test]
fn a_failure_puts_the_old_files_back() {
    let folder = Folder::new("failure");
    publish(&folder, "1").unwrap();
    fs::remove_file(folder.0.join("b")).unwrap();
    let mut output = Output::open(&folder.0, &NAMES).unwrap();
    for name in NAMES {
        output.stage(name, b"2").unwrap();
    }
    // Something takes the place of a file after the check.
    fs::create_dir(folder.0.join("b")).unwrap();
    let error = output.publish().unwrap_err().to_string();
    assert!(error.contains("something that is no file"), "{error}");
    assert_eq!(folder.shown(), "a=1 b= c=1 ");

    // The second old file cannot be taken away.
    fs::remove_dir(folder.0.join("b")).unwrap();
    publish(&folder, "1").unwrap();
    let mut output = Output::open(&folder.0, &NAMES).unwrap();
    for name in NAMES {
        output.stage(name, b"2").unwrap();
    }
    folder.put(".staged/old/b/occupied", "");
    assert!(output.publish().is_err());
    assert_eq!(folder.shown(), "a=1 b=1 c=1 ");
}

#[test]
fn a_thing_in_the_way_is_refused_at_once() {
    for name in NAMES {
        let folder = Folder::new(&format!("way-{name}"));
        fs::create_dir(folder.0.join(name)).unwrap();
        let error = Output::open(&folder.0, &NAMES).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains("no file has this name"), "{error}");
        assert_eq!(folder.shown(), format!("{name}= "));
    }
}

#[test]
fn runs_side_by_side_publish_one_after_the_other() {
    let folder = &Folder::new("writers");
    publish(folder, "0").unwrap();
    std::thread::scope(|scope| {
        let writers = ["1", "2", "3"]
            .map(|text| scope.spawn(move || (0..20).for_each(|_| drop(publish(folder, text).unwrap()))));
        while !writers.iter().all(std::thread::ScopedJoinHandle::is_finished) {
            let _lock = Lock::of(&folder.0);
            let read = NAMES.map(|name| fs::read_to_string(folder.0.join(name)).unwrap());
            assert!(read.iter().all(|text| *text == read[0]), "{read:?}");
        }
    });
}
