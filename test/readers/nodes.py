"""Loads a model in Model Explorer and node data for it, and prints as JSON the ids and op labels of the model's graphs, and
the node data as Model Explorer's own classes hold it."""

import json
import sys

import ai_edge_model_explorer_adapter as adapter
from model_explorer import config, node_data_builder


def node_data(path: str) -> node_data_builder.ModelNodeData:
    with open(path, encoding="utf-8") as file:
        graphs = json.load(file)
    return node_data_builder.ModelNodeData({
        graph_id: node_data_builder.GraphNodeData(
            name=graph["name"],
            results={node: node_data_builder.NodeDataResult(**result) for node, result in graph["results"].items()},
            gradient=[node_data_builder.GradientItem(**item) for item in graph["gradient"]])
        for graph_id, graph in graphs.items()})


def main() -> None:
    model, data = sys.argv[1:]
    loaded = node_data(data)
    shown = config()
    shown.add_model_from_path(model).add_node_data_from_path(data)
    shown.add_node_data("edgexray", loaded)
    assert json.loads(loaded.to_json_string()).keys() == loaded.graphsData.keys()
    collections = json.loads(adapter.ConvertFlatbufferDirectlyToJson(adapter.VisualizeConfig(), model))
    json.dump({
        "graphs": {graph["id"]: {node["id"]: node["label"] for node in graph["nodes"]}
                   for collection in collections for graph in collection["subgraphs"]},
        "data": {graph_id: {node: result.value for node, result in graph.results.items()}
                 for graph_id, graph in loaded.graphsData.items()},
    }, sys.stdout)


main()
