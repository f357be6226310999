//! Exit statuses, standard output and error, flags.

use std::fs;

use std::process::Stdio;

use crate::support::{ormsh, run, stderr, stdout};

fn status(output: &std::process::Output) -> i32 {
    output.status.code().expect("it ends by itself")
}

#[test]
fn a_script_on_standard_input_runs() {
    let output = run(&[], "x = 20\nprint(x + 1)\nx * 2\n");
    assert_eq!(
        (status(&output), stdout(&output)),
        (0, "21\n40\n".to_owned())
    );
}

#[test]
fn a_document_on_standard_input_runs_its_examples() {
    let output = run(
        &["run", "--transcript", "-"],
        ">>> 1 + 1\n3\n>>> if True:\n...     5\n...\n",
    );
    assert_eq!(
        stdout(&output),
        ">>> 1 + 1\n2\n>>> if True:\n...     5\n5\n"
    );
}

#[test]
fn a_script_stops_at_the_first_error_unless_told_otherwise() {
    let output = run(
        &["run", "--display", "python", "-"],
        "print(1)\nnope\nprint(2)\n",
    );
    assert_eq!((status(&output), stdout(&output)), (1, "1\n".to_owned()));
    assert_eq!(
        stderr(&output),
        "Traceback (most recent call last):\n  ...\nNameError: name 'nope' is not defined\n"
    );
    let output = run(&["run", "--keep-going", "-"], "nope\nprint(2)\n");
    assert_eq!((status(&output), stdout(&output)), (1, "2\n".to_owned()));
}

#[test]
fn an_error_in_tables_display_shows_its_place_and_a_near_name() {
    let output = run(&["run", "-"], "value = 1\nprint(valu)\n");
    let shown = stderr(&output);
    assert!(shown.contains("<stdin>:2:7"), "{shown}");
    assert!(shown.contains("^^^^"), "{shown}");
    assert!(
        shown.contains("NameError: name 'valu' is not defined\n"),
        "{shown}"
    );
    assert!(shown.contains("help: did you mean 'value'?"), "{shown}");
}

#[test]
fn usage_and_missing_files_have_statuses_of_their_own() {
    assert_eq!(status(&run(&["run"], "")), 2);
    assert_eq!(status(&run(&["run", "no-such-file.orm"], "")), 4);
    assert_eq!(status(&run(&["sqlite:////no/such/folder/x.db"], "")), 4);
    assert_eq!(status(&run(&[], "exit(7)\n")), 7);
}

#[test]
fn documents_are_compared_with_their_record() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.md");
    let name = path.to_str().expect("a name");
    fs::write(
        &path,
        "Text\n\n>>> 1 + 1\n2\n\n>>> [1, 2]  # doctest: +ELLIPSIS\n[1...]\n",
    )
    .unwrap();
    let output = run(&["test", name], "");
    assert_eq!(status(&output), 0, "{}", stdout(&output));
    assert_eq!(
        stdout(&output),
        "2 examples in 1 document: 2 same, 0 different\n"
    );
    fs::write(&path, ">>> 1 + 1\n3\n").unwrap();
    let output = run(&["test", name], "");
    assert_eq!(status(&output), 3);
    assert!(
        stdout(&output).contains("- 3\n+ 2\n"),
        "{}",
        stdout(&output)
    );
}

#[test]
fn endless_recursion_ends_in_an_error() {
    let output = run(
        &["run", "--display", "python", "-"],
        "def f():\n    return f()\nf()\n",
    );
    assert_eq!(status(&output), 1);
    assert!(
        stderr(&output).ends_with("RecursionError: maximum recursion depth exceeded\n"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn what_is_outside_the_language_is_refused_before_anything_runs() {
    let output = run(&["run", "-"], "print(1)\nasync def f():\n    pass\n");
    assert_eq!((status(&output), stdout(&output)), (1, String::new()));
    assert!(stderr(&output).contains("async"), "{}", stderr(&output));
}

#[test]
fn a_select_shows_its_sql_and_its_rows_as_a_table() {
    let script = "\
from sqlalchemy import create_engine, text
engine = create_engine('sqlite://', echo=True)
with engine.connect() as connection:
    rows = connection.execute(text(\"select 1 as one, null as empty\")).all()
";
    let output = run(&["run", "-"], script);
    let shown = stdout(&output);
    for part in [
        "BEGIN (implicit)\n",
        "select 1 as one, null as empty\n[...] ()\n",
        "NULL",
        "(1 row)",
    ] {
        assert!(shown.contains(part), "{part:?} in {shown}");
    }
}

#[test]
fn files_share_one_session() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("a file");
        path.to_str().expect("a name").to_owned()
    };
    let (first, second) = (file("a.orm", "x = 20\n"), file("b.md", ">>> x + 1\n3\n"));
    let output = run(&["run", &first, &second], "");
    assert_eq!(stdout(&output), "21\n");
    let output = run(&["run", &first, "no-such-file.orm"], "");
    assert_eq!(status(&output), 4);
    assert!(stderr(&output).contains("no-such-file.orm"));
}

#[test]
fn a_database_is_opened_as_engine() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("shop.db");
    let path = path.to_str().expect("a name");
    let output = run(&[path], "print(engine.url, engine.echo)\n");
    assert_eq!(stdout(&output), format!("sqlite:///{path} True\n"));
}

#[test]
fn no_journal_stays_beside_a_database() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let file = folder.path().join("plants.db");
    for mode in ["DELETE", "WAL"] {
        let script = format!(
            "from sqlalchemy import create_engine, text\n\
             connection = create_engine('sqlite:///{}').connect()\n\
             connection.execute(text('PRAGMA journal_mode={mode}'))\n\
             connection.execute(text('create table if not exists plant (name)'))\n\
             connection.commit()\n\
             connection.execute(text(\"insert into plant values ('fern')\"))\n",
            file.display()
        );
        assert_eq!(status(&run(&["run", "-"], &script)), 0);
        let left = fs::read_dir(folder.path()).expect("the folder is there");
        assert_eq!(left.count(), 1, "{mode}");
    }
}

#[test]
fn what_cannot_be_opened_is_named_with_a_reason() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("notes.db");
    fs::write(&path, "These are notes, not a database.\n".repeat(100)).expect("a file");
    let path = path.to_str().expect("a name");
    let output = run(&[path], "");
    assert_eq!(status(&output), 4);
    let shown = stderr(&output);
    assert!(
        shown.starts_with(&format!(
            "ormsh: can't open {path}: file is not a database\n"
        )),
        "{shown}"
    );
    let output = run(&["sqlite:////no/such/folder/x.db"], "");
    assert!(
        stderr(&output).contains("unable to open database file"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn the_echo_shows_real_times_where_asked() {
    let script = "from sqlalchemy import *\n\
                  create_engine('sqlite://', echo=True).connect().execute(select(literal(1)))\n";
    assert!(stdout(&run(&["run", "-"], script)).contains("[...] (1,)\n"));
    let timed = stdout(&run(&["run", "--timing", "-"], script));
    assert!(timed.contains("[generated in 0."), "{timed}");
}

#[test]
fn the_echo_says_why_where_asked() {
    let script = "from sqlalchemy import *\n\
        from sqlalchemy.orm import *\n\
        Base = declarative_base()\n\
        class Fern(Base):\n    \
            __tablename__ = 'fern'\n    \
            id = Column(Integer, primary_key=True)\n    \
            spores = relationship('Spore')\n\
        class Spore(Base):\n    \
            __tablename__ = 'spore'\n    \
            id = Column(Integer, primary_key=True)\n    \
            fern_id = Column(ForeignKey('fern.id'))\n\
        engine = create_engine('sqlite://', echo=True)\n\
        Base.metadata.create_all(engine)\n\
        session = Session(engine)\n\
        session.add(Fern(id=1))\n\
        session.scalars(select(Fern)).one().spores\n\
        session.commit()\n\
        session.scalars(select(Fern)).one().spores\n";
    let reasons = |flags: &[&str]| {
        let shown = stdout(&run(&[&["run"], flags, &["-"]].concat(), script));
        let reasons = shown.lines().filter(|line| line.starts_with("-- "));
        let mut reasons: Vec<String> = reasons.map(str::to_owned).collect();
        reasons.dedup();
        reasons
    };
    assert_eq!(
        reasons(&["--why"]),
        [
            "-- reflection, for create_all",
            "-- create_all",
            "-- autoflush before execute",
            "-- lazy load of Fern.spores"
        ]
    );
    assert!(reasons(&[]).is_empty());
}

#[test]
fn a_reader_that_leaves_early_ends_the_run_quietly() {
    let mut child = ormsh()
        .args(["run", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    drop(child.stdout.take());
    let mut input = child.stdin.take().expect("it was piped");
    std::io::Write::write_all(&mut input, b"while True:\n    print('x' * 1000)\n")
        .expect("it reads");
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(stderr(&output), "");
}

#[test]
fn doctest_options_are_understood() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.md");
    let text = "\
>>> 1 / 0  # doctest: +IGNORE_EXCEPTION_DETAIL
Traceback (most recent call last):
  File \"x\", line 1
ZeroDivisionError: anything

>>> print('a\\n\\nb')
a
<BLANKLINE>
b

>>> nope()  # doctest: +SKIP

>>> [1,  2]  # doctest: +NORMALIZE_WHITESPACE
[1,
 2]
";
    fs::write(&path, text).expect("a file");
    let output = run(&["test", path.to_str().expect("a name")], "");
    assert_eq!(
        stdout(&output),
        "4 examples in 1 document: 3 same, 0 different, 1 skipped\n"
    );
}
