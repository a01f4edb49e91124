"""Shows a model in Model Explorer together with node data, until it is ended. Prints the page's address first."""

import sys

import model_explorer
import portpicker


def main() -> None:
    model, data = sys.argv[1:]
    config = model_explorer.config()
    config.add_model_from_path(model).add_node_data_from_path(data)
    port = portpicker.pick_unused_port()
    print(f"http://localhost:{port}/?data={config.to_url_param_value()}", flush=True)
    model_explorer.visualize_from_config(config, port=port, no_open_in_browser=True)


main()
