"""The fixtures themselves: every test begins on an empty database, on both kinds."""

import pytest
import sqlalchemy as sa

from webapp.extensions import db
from webapp.models import Customer, User, Workspace
from webapp.tenancy import NoWorkspace, use_workspace

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("run", [1, 2])
def test_nothing_survives_a_test(app, make, run):
    make.user()

    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Workspace)) == 1
        assert db.session.scalar(sa.select(sa.func.count()).select_from(User)) == 1


def test_factories_keep_the_border_between_workspaces(app, make):
    ours, theirs = make.workspace(), make.workspace()
    make.customer(workspace=ours, name="Ours")
    make.customer(workspace=theirs, name="Theirs")

    with app.app_context(), use_workspace(ours):
        assert db.session.scalars(sa.select(Customer.name)).all() == ["Ours"]
    with app.app_context(), pytest.raises(NoWorkspace):
        db.session.scalars(sa.select(Customer.name)).all()


def test_the_database_is_what_the_fixture_says(app, session, database):
    assert session.get_bind().dialect.name == database.kind
