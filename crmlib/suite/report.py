def render(results, notebooks): return "<html></html>"
