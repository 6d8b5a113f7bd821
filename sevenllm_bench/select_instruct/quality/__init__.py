"""Quality control: texts that talk to the model, checks of the rows that it wrote, and a second model that grades them."""
