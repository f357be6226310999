//! The tables display: rows, values, errors, colours.

use std::process::{Output, Stdio};

use crate::support::{ormsh, run, stderr, stdout};

const MAPPED: &str = "\
from sqlalchemy import *
from sqlalchemy.orm import *
class Base(DeclarativeBase):
    pass
class Plant(Base):
    __tablename__ = 'plant'
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    note: Mapped[str | None]
    leaves: Mapped[list['Leaf']] = relationship(back_populates='plant')
class Leaf(Base):
    __tablename__ = 'leaf'
    id: Mapped[int] = mapped_column(primary_key=True)
    plant_id: Mapped[int] = mapped_column(ForeignKey('plant.id'))
    plant: Mapped['Plant'] = relationship(back_populates='leaves')
engine = create_engine('sqlite://')
Base.metadata.create_all(engine)
session = Session(engine)
session.add_all([Plant(name='Rose'), Plant(name='NULL', note='日本語')])
session.commit()
";

fn shown(script: &str) -> String {
    let output = run(&["run", "-"], &format!("{MAPPED}{script}"));
    assert_eq!(stderr(&output), "");
    stdout(&output)
}

const PLANTS: &str = "\
┌────┬────────┬────────┐
│ id ┆ name   ┆ note   │
╞════╪════════╪════════╡
│  1 ┆ Rose   ┆ NULL   │
│  2 ┆ 'NULL' ┆ 日本語 │
└────┴────────┴────────┘
(2 rows)
";

#[test]
fn row_shaped_values_are_tables() {
    for value in [
        "session.execute(select(Plant.id, Plant.name, Plant.note))",
        "session.execute(select(Plant.id, Plant.name, Plant.note)).all()",
        "session.execute(select(Plant.id, Plant.name, Plant.note)).mappings().all()",
        "session.execute(select(Plant)).all()",
        "session.scalars(select(Plant))",
        "session.scalars(select(Plant)).all()",
    ] {
        assert_eq!(shown(&format!("{value}\n")), PLANTS, "{value}");
    }
}

#[test]
fn what_is_not_loaded_is_said_to_be_so() {
    let table = shown("plant = session.get(Plant, 1)\nsession.expire(plant, ['note'])\nplant\n");
    assert!(table.contains("│  1 ┆ Rose ┆ …    │"), "{table}");
    assert!(table.ends_with("(1 row; … is not loaded)\n"), "{table}");
}

#[test]
fn a_statement_is_its_sql_for_the_dialect_of_the_engine() {
    assert_eq!(
        shown("select(Plant.id).where(Plant.name == 'Rose').limit(1)\n"),
        "SELECT plant.id \nFROM plant \nWHERE plant.name = ?\n LIMIT ? OFFSET ?\n"
    );
}

#[test]
fn rows_stand_under_their_statement_once() {
    let script = "engine.echo = True\nsession.scalars(select(Plant)).all()\n";
    let text = shown(script);
    assert_eq!(text.matches(PLANTS).count(), 1, "{text}");
    let created = "engine.echo = True\nBase.metadata.create_all(engine)\n";
    assert!(!shown(created).contains("row"), "rows of the catalogue");
}

#[test]
fn twenty_rows_are_shown_and_the_others_counted() {
    let text = shown(
        "connection = engine.connect()\n\
         connection.execute(text('with recursive c(n) as (select 1 union all select n + 1 from c \
         where n < 25) select n from c')).all()\n",
    );
    assert!(
        text.ends_with("│ 20 │\n└────┘\n… 5 more\n(25 rows)\n"),
        "{text}"
    );
}

#[test]
fn control_characters_cannot_drive_the_terminal() {
    let text = shown("engine.connect().execute(text(\"select char(27) || '[2J' as a\")).all()\n");
    assert!(text.contains("\\u{1b}[2J"), "{text}");
    assert!(!text.contains('\u{1b}'), "{text}");
}

#[test]
fn one_near_name_is_offered_and_the_wrong_one_marked() {
    for (wrong, marked, near) in [
        ("valu = 1\nvalue = 2\nvale", "vale", ""),
        ("gardens = 1\ngarden", "garden", "gardens"),
        ("Plant.nam", "nam", "name"),
        ("Plant(nmae='x')", "nmae", "name"),
        ("Plant(name='x').nmae", "nmae", "name"),
        ("select(Plant).filter_by(nmae='x')", "nmae", "name"),
        ("Plant.__table__.c.nmae", "nmae", "name"),
        ("from sqlalchemy import slect", "slect", "select"),
        ("import sqlachemy", "sqlachemy", "sqlalchemy"),
        ("session.comit()", "comit", "commit"),
        ("Session(engine, autoflus=True)", "autoflus", "autoflush"),
        (
            "relationship(back_populate='x')",
            "back_populate",
            "back_populates",
        ),
        ("create_engine('sqlite://', ecoh=True)", "ecoh", "echo"),
        ("Column(Integer, nulable=True)", "nulable", "nullable"),
        (
            "session.execute(text('select * from plnt'))",
            "plnt",
            "plant",
        ),
        (
            "session.execute(text('select nmae from plant'))",
            "nmae",
            "name",
        ),
    ] {
        let output = run(&["run", "-"], &format!("{MAPPED}{wrong}\n"));
        let text = stderr(&output);
        let carets = format!(" {}\n", "^".repeat(marked.len()));
        assert!(text.contains(&carets), "{wrong}: {text}");
        let help = format!("help: did you mean '{near}'?\n");
        assert_eq!(text.contains(&help), !near.is_empty(), "{wrong}: {text}");
    }
}

#[test]
fn errors_of_the_database_say_what_to_do() {
    for (statement, help) in [
        ("select 1 from nowhere", "create_all"),
        ("selct 1", "did you mean SELECT?"),
        (
            "insert into plant (id, name) values (1, 'x')",
            "another row has this value of plant.id",
        ),
        (
            "insert into plant (name) values (null)",
            "plant.name needs a value",
        ),
    ] {
        let script = format!("{MAPPED}session.execute(text({statement:?}))\n");
        let text = stderr(&run(&["run", "-"], &script));
        let last = text.lines().last().unwrap_or_default();
        assert!(last.starts_with("help: ") && last.contains(help), "{text}");
    }
}

fn coloured(variables: &[(&str, &str)], arguments: &[&str]) -> Output {
    let mut command = ormsh();
    command.envs(variables.iter().copied()).args(arguments);
    command.stdin(Stdio::null()).output().expect("it runs")
}

#[test]
fn colour_is_for_terminals_unless_told_otherwise() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("a.orm");
    let script = "from sqlalchemy import *\n\
                  create_engine('sqlite://', echo=True).connect().execute(text('SELECT 1'))\n";
    std::fs::write(&file, script).expect("a file");
    let file = file.to_str().expect("a name");
    let is_coloured = |variables: &[(&str, &str)], arguments: &[&str]| {
        let arguments = [&["run", file], arguments].concat();
        stdout(&coloured(variables, &arguments)).contains("\u{1b}[1;34mSELECT")
    };
    assert!(!is_coloured(&[], &[]));
    assert!(is_coloured(&[], &["--color", "always"]));
    assert!(is_coloured(&[("CLICOLOR_FORCE", "1")], &[]));
    assert!(!is_coloured(
        &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")],
        &[]
    ));
    assert!(!is_coloured(
        &[("CLICOLOR_FORCE", "1")],
        &["--color", "never"]
    ));
}
