"""The door: the server imports this file once (routes, headers), and each visitor's session runs it (which pages there are).

Start it with ``make app``, ``streamlit run app.py`` or ``uvicorn app:app``.

No page relies on this file having run: Streamlit opens a page by its own URL without it when that is the first thing that
happens after a start. So every page begins with ``frame.begin``, which asks for sign-in itself.
"""

import streamlit as st

if __name__ == "__main__":
    from pages.parts import frame

    st.navigation(frame.pages(), position="hidden").run()
else:
    from listening_tests import sign_in_routes, web

    app = st.App(__file__, routes=[*web.routes, *sign_in_routes.routes], middleware=web.middleware, lifespan=web.lifespan)
