"""Putting access into an app: key, cookies, proxies, the routes for signing in, and the guard before all."""

from __future__ import annotations

from dash import Dash

from dashboard.access import guard, openid, secret_key, sign_in, state
from dashboard.access.proxies import TrustedProxies, networks
from dashboard.access.sessions import CookieSessions
from dashboard.settings import LOOPBACK, Settings, SettingsError, sqlite_file
from data_models.questions.accounts import owner_exists
from data_models.store import Store
from data_models.store.accounts import trail_kept


def install(
    app: Dash, settings: Settings, store: Store, page_at: guard.PageAt, rights: dict[str, frozenset[str]]
) -> None:
    """Guard an app, all of whose callbacks are registered.

    Parameters
    ----------
    page_at : which page a URL's path shows, by its own path.
    rights : the roles that may call each callback.

    Raises
    ------
    SettingsError : the demo has a store other than the sample, or the secret key cannot be used.
    StoreError : the store's accounts were lost.
    """
    if settings.demo and not (store.synthetic() and settings.host in LOOPBACK):
        raise SettingsError("the demo shows the sample clinic on this computer alone; serve other records with `serve`")
    if not settings.demo:
        trail_kept(store.engine)
    server = app.server
    key = secret_key.load(settings.secret_key or secret_key.path_for(settings.database))
    server.secret_key = key
    server.session_interface = CookieSessions()
    server.config.update(WTF_CSRF_TIME_LIMIT=None, WTF_CSRF_SSL_STRICT=False)
    loopback = settings.host in LOOPBACK
    known = state.Access(store, loopback, key, settings.demo, rights, openid.client(server, settings))
    state.attach(server, known)
    sign_in.register_routes(server)
    openid.register_routes(server)
    guard.install(app, page_at)
    server.wsgi_app = TrustedProxies(server.wsgi_app, networks(settings.trusted_proxies))


def require_owner(settings: Settings) -> None:
    """Refuse to serve other computers while nobody could see to the accounts. Raises SettingsError."""
    if settings.host in LOOPBACK:
        return
    if settings.demo:
        raise SettingsError("the demo is open to whoever reaches it, so it serves this computer alone")
    file = sqlite_file(settings.database)
    found = False
    if file is None or file.exists():
        store = Store.open(settings.database)
        try:
            trail_kept(store.engine)
            with store.connect_access() as connection:
                found = owner_exists(connection)
        finally:
            store.close()
    if not found:
        raise SettingsError(
            f"host {settings.host!r}: without accounts the dashboard serves this computer alone; add an owner first "
            "(ketamine-outcomes user add NAME --role owner), or use --host 127.0.0.1"
        )
    secret_key.load(settings.secret_key or secret_key.path_for(settings.database))
